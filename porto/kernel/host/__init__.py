"""The machine: CPUs, the virtual memory's counters, the allocator."""
