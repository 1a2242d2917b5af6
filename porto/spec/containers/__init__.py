"""Desired state of containers: properties, rules, operations."""
