"""Mounts: the table, and changing it."""
