"""Handlers of the requests, one module per noun."""
