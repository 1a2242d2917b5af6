"""Command lines: portod, its daemon, and portoctl."""
