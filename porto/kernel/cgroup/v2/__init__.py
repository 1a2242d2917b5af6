"""The driver of the unified cgroup v2 hierarchy."""
