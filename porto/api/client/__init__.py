"""Clients of the API socket: the Python library (`connection`) and portoctl's lean one."""
