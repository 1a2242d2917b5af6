"""The wire schema and the modules generated from it."""
