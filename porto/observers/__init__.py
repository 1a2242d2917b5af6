"""Observed state: reads only, from cgroups, processes, streams and records."""
