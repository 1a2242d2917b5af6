"""Checks on what becomes part of a path below a cgroup mount.

Called by the drivers. Names of containers were validated when they were created and
are checked again here, because a path is made of them; knobs come from clients.
"""

import errno
import functools
import re

NOBODY = "self"
"""Name of a group of no container: none can have it (`spec/containers/names.py`)."""

_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*", re.ASCII)
_KNOB = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_\-]+)+", re.ASCII)
_CONTAINER = re.compile(r"[A-Za-z0-9_@:.\-]{1,128}", re.ASCII)
_NAME_MAX = 200
_FILE_MAX = 255
_PART = re.compile(r"[^/%\0\n]+")


def check_prefix(prefix: str) -> None:
    """Raise OSError (EINVAL) unless our directories may be called `prefix`."""
    if not _PREFIX.fullmatch(prefix):
        raise OSError(errno.EINVAL, "not a usable prefix of cgroup names", prefix)


def is_container_name(name: str) -> bool:
    """Whether a container could be called so; a directory of another name is not ours."""
    parts = name.split("/")
    return len(name) <= _NAME_MAX and all(
        _CONTAINER.fullmatch(part) and part not in (".", "..") for part in parts
    )


def is_reserved(name: str) -> bool:
    """Whether what is below our top under this name is no container's, but our own.

    No container's name has a "%".
    """
    return name.startswith("%")


def split_name(name: str) -> list[str]:
    """The parts of a container's full name.

    OSError (EINVAL) if one is not a plain directory name.
    """
    parts = name.split("/")
    for part in parts:
        if not _PART.fullmatch(part) or part in (".", ".."):
            raise OSError(errno.EINVAL, "not a container name", name)
    return parts


@functools.lru_cache(maxsize=256)
def check_knob(knob: str) -> None:
    """Raise FileNotFoundError unless `knob` looks like ``controller.file``."""
    if len(knob) > _FILE_MAX or not _KNOB.fullmatch(knob):
        raise FileNotFoundError(errno.ENOENT, "not the name of a knob", knob)
