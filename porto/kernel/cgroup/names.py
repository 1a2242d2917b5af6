"""Checks on what becomes part of a path below a cgroup mount.

Called by the drivers. Names of containers were validated when they were created and
are checked again here, because a path is made of them; knobs come from clients.
"""

import errno
import re

_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*", re.ASCII)
_KNOB = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_\-]+)+", re.ASCII)
_PART = re.compile(r"[^/%\0\n]+")


def check_prefix(prefix: str) -> None:
    """Raise OSError (EINVAL) unless our directories may be called `prefix`."""
    if not _PREFIX.fullmatch(prefix):
        raise OSError(errno.EINVAL, "not a usable prefix of cgroup names", prefix)


def split_name(name: str) -> list[str]:
    """The parts of a container's full name.

    OSError (EINVAL) if one is not a plain directory name.
    """
    parts = name.split("/")
    for part in parts:
        if not _PART.fullmatch(part) or part in (".", ".."):
            raise OSError(errno.EINVAL, "not a container name", name)
    return parts


def check_knob(knob: str) -> None:
    """Raise FileNotFoundError unless `knob` looks like ``controller.file``."""
    if not _KNOB.fullmatch(knob):
        raise FileNotFoundError(errno.ENOENT, "not the name of a knob", knob)
