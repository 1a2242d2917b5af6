"""Making controllers available in v2 groups: ``cgroup.subtree_control``.

Called by `driver.py`. A controller is there in a group when the parent's
subtree_control names it. In the root group, which is not ours, controllers are only
ever added, which other groups do not feel but by more knobs. Kernel:
admin-guide/cgroup-v2.rst, "Enabling and Disabling", "No Internal Process Constraint".
"""

import contextlib
import os
from collections.abc import Iterable

from porto.kernel.cgroup.knobs import Knobs

WANTED = frozenset({"memory", "cpu", "cpuset", "blkio", "hugetlb", "pids"})
"""Controllers of the default set, in our words."""
_KERNEL = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")

CONTROL = "cgroup.subtree_control"
AVAILABLE = "cgroup.controllers"


def words(text: bytes) -> set[str]:
    """The controllers in the text of a knob."""
    return set(text.decode().split())


def prepare_top(knobs: Knobs, mount: str, top: str) -> frozenset[str]:
    """Make our top directory, and every wanted controller available in its children.

    Returns the kernel's names of those that are.
    """
    with contextlib.suppress(FileExistsError):
        knobs.mkdir(top)
    for directory in (mount, top):
        enabled = words(knobs.read(f"{directory}/{CONTROL}"))
        available = words(knobs.read(f"{directory}/{AVAILABLE}"))
        _add(knobs, directory, [c for c in _KERNEL if c in available and c not in enabled])
    return frozenset(words(knobs.read(f"{top}/{CONTROL}")))


def enabled(knobs: Knobs, directory: str) -> set[str]:
    """Controllers that a group passes on to its children; none when it is gone."""
    with contextlib.suppress(FileNotFoundError):
        return words(knobs.read(f"{directory}/{CONTROL}"))
    return set()


def available(knobs: Knobs, directory: str) -> set[str]:
    """Controllers that a group has; none when it is gone."""
    with contextlib.suppress(FileNotFoundError):
        return words(knobs.read(f"{directory}/{AVAILABLE}"))
    return set()


def enable(knobs: Knobs, top: str, directory: str, wanted: Iterable[str]) -> None:
    """Make controllers available in `directory`, through its parents up to our `top`.

    A parent that has not got one for itself must pass it on all the same. Reading first:
    adding what is there already waits for groups that are being removed.
    """
    missing = set(wanted) - words(knobs.read(f"{directory}/{AVAILABLE}"))
    if missing:
        parent = os.path.dirname(directory)
        if parent != top:
            enable(knobs, top, parent, missing)
        knobs.write(f"{parent}/{CONTROL}", " ".join(f"+{c}" for c in sorted(missing)))


def _add(knobs: Knobs, directory: str, controllers: list[str]) -> None:
    # One by one: the kernel takes a line as a whole, and refuses some controllers for
    # reasons of the host (EBUSY below a group with tasks, EINVAL with realtime tasks).
    for controller in controllers:
        try:
            knobs.write(f"{directory}/{CONTROL}", f"+{controller}")
        except OSError:
            continue
