"""Mutation testing: `python -m tests.mutation`, or `scripts/test mutation`."""
