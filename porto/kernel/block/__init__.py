"""Disks, their counters, and device nodes."""
