"""One module per group of rows; each has `run(bench)`."""
