"""The life of one container: starting, running, frozen, dying, stopping."""
