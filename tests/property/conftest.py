"""How properties are tried: on a loaded machine an example may take its time."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
