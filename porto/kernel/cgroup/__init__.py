"""Cgroup drivers: one meaning over v1, hybrid and v2 hierarchies."""
