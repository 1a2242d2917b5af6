"""Processes: identity, scheduling, memory maps."""
