"""The driver of cgroup v1 hierarchies, split or co-mounted, and of hybrid hosts."""
