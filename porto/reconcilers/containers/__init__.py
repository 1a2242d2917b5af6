"""Reconciling containers: one pass, made of facets."""
