"""Names of containers as types: syntax, levels, ancestors.

Called by every room that handles a name. Rules: manual section "Name".
"""

import re
from collections.abc import Iterator

from porto.spec.errors import InvalidValue

ROOT = "/"
NAME_MAX = 200
PART_MAX = 128
LEVEL_MAX = 16
RESERVED_PARTS = frozenset({"self", ".", ".."})

_PART = re.compile(r"[a-zA-Z0-9_\-@:.]+", re.ASCII)


def validate_name(name: str) -> None:
    """Raise `InvalidValue` unless `name` may be given to a new container.

    `name` is the full name without the ``/porto/`` prefix.
    """
    shown = name if len(name) <= NAME_MAX else name[:NAME_MAX] + "..."
    if not name:
        raise InvalidValue("cannot create container: the name is empty")
    if len(name) > NAME_MAX:
        raise InvalidValue(
            f"cannot create container {shown!r}: the name is longer than {NAME_MAX} characters"
        )
    parts = name.split("/")
    for part in parts:
        if not part:
            raise InvalidValue(f"cannot create container {shown!r}: a part of the name is empty")
        if len(part) > PART_MAX:
            raise InvalidValue(
                f"cannot create container {shown!r}: a part is longer than {PART_MAX} characters"
            )
        if part in RESERVED_PARTS:
            raise InvalidValue(f"cannot create container {shown!r}: {part!r} is a reserved name")
        if not _PART.fullmatch(part):
            raise InvalidValue(
                f"cannot create container {shown!r}: only a-z A-Z 0-9 _ - @ : . are allowed"
            )
    if len(parts) > LEVEL_MAX:
        raise InvalidValue(
            f"cannot create container {shown!r}: deeper than {LEVEL_MAX} levels of nesting"
        )


def parent_name(name: str) -> str:
    """The name of the parent; `ROOT` for a first-level container."""
    head, _, _ = name.rpartition("/")
    return head or ROOT


def level(name: str) -> int:
    """Nesting depth: 0 for the root, 1 for a first-level container."""
    return 0 if name == ROOT else name.count("/") + 1


def ancestors(name: str) -> Iterator[str]:
    """Names of the ancestors without the root, nearest first."""
    head, _, _ = name.rpartition("/")
    while head:
        yield head
        head, _, _ = head.rpartition("/")


def is_below(name: str, ancestor: str) -> bool:
    """Whether `name` lies in the subtree of `ancestor`, itself excluded."""
    if ancestor == ROOT:
        return name != ROOT
    return name.startswith(ancestor + "/")
