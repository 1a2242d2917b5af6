"""The Python client of the API socket, as ``import porto`` gives it; it knows only the wire."""
