"""The facets of a container: one concern a file, in the order of `chain.py`."""
