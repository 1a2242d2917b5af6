"""The codec of limits by disk.

Used by `spec/containers/fields/io.py`; `parse_key` also by `spec/containers/rules/io.py` and
`facets/io.py`, which find the disks. Syntax: manual section "Disk IO".
"""

import re
from dataclasses import dataclass
from typing import Any

from porto.spec.codecs.numbers import SIZE_UNITS
from porto.spec.codecs.syntax import BLANKS, check_text, parse_scaled, shown
from porto.spec.codecs.uintmap import UintMapCodec, UintMapValue
from porto.spec.prop import Rejected

FS = "fs"
"""The key of the limit at the level of file systems."""
KEYS_MAX = 256
"""Limits of one container: each is looked up at each pass."""

_SUFFIXED = re.compile(r"(.+?)[ \t\n]+([rw])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DiskKey:
    """What a limit is for.

    target -- name of a disk, its ``major:minor``, a path of the host, a path that begins
              with a dot in the container's root, or `FS`
    read, write -- the directions
    """

    target: str
    read: bool = True
    write: bool = True

    @property
    def text(self) -> str:
        """The canonical key."""
        if self.read and self.write:
            return self.target
        return f"{self.target} {'r' if self.read else 'w'}"


def parse_key(text: str) -> DiskKey:
    """The key ``TARGET``, ``TARGET r`` or ``TARGET w``; raises `Rejected`.

    A path may contain blanks, nothing else may.
    """
    text = check_text(text.strip(BLANKS))
    match = _SUFFIXED.fullmatch(text)
    target, suffix = (match[1], match[2]) if match else (text, "")
    if not target:
        raise Rejected("a key is empty")
    if target[0] not in "/." and any(blank in target for blank in BLANKS):
        raise Rejected(f"{shown(text)} is not a disk or path with r, w or nothing behind it")
    return DiskKey(target, read=suffix != "w", write=suffix != "r")


class DiskLimits(UintMapCodec):
    r"""`[fs|path|disk] [r|w]: number; ...`, numbers as sizes; a number alone is for `fs`.

    A colon within a key is `\:`. An element with empty text is removed.
    """

    def parse(self, text: str) -> UintMapValue:
        """The limits by canonical key."""
        bare = check_text(text.strip(BLANKS))
        if bare and ":" not in bare:
            return ((FS, parse_scaled(bare, SIZE_UNITS, "number")),)
        return _with_canonical_keys(super().parse(text))

    def format(self, value: UintMapValue) -> str:
        """``key: number; ...``, or the number alone when ``fs`` is the only key."""
        if len(value) == 1 and value[0][0] == FS:
            return str(value[0][1])
        return super().format(value)

    def get_index(self, value: UintMapValue, index: str) -> str:
        """The limit of one key; raises `Rejected` when there is none."""
        return super().get_index(value, parse_key(index).text)

    def set_index(self, value: UintMapValue, index: str, text: str) -> UintMapValue:
        """One limit replaced; empty text removes it."""
        return _with_canonical_keys(super().set_index(value, parse_key(index).text, text))

    def native(self, value: Any) -> UintMapValue:
        """A document's mapping of key to number or text, or a number for ``fs``."""
        if isinstance(value, int | float):
            value = {FS: value}
        return _with_canonical_keys(super().native(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON object of numbers or size texts, or a number."""
        numbers = super().native_schema()["additionalProperties"]["anyOf"][0]
        return {"anyOf": [super().native_schema(), numbers]}


def _with_canonical_keys(value: UintMapValue) -> UintMapValue:
    if len(value) > KEYS_MAX:
        raise Rejected(f"more than {KEYS_MAX} limits")
    numbers = {parse_key(key).text: number for key, number in value}
    return tuple(sorted(numbers.items(), key=lambda item: item[0].encode()))
