"""The benchmark of DESIGN's budgets: `python -m tests.bench`, or `scripts/test bench`."""
