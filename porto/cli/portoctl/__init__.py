"""portoctl, the command line client: one module per group of commands."""
