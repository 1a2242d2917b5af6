"""System calls, cgroups, processes, files: everything that touches the kernel; no policy."""
