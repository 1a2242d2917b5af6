"""Desired state: properties, records, names and errors as pure data."""
