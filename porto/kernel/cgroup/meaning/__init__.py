"""What each controller's knobs mean, as protocols; `v1/` and `v2/` hold the twins."""
