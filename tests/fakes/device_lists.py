"""The devices controller of v1 of the fake kernel: lists, and what a parent permits.

Used by `cgroupfs.py`. tests/contract/ proves what the kernel does with the same lines.
"""

import errno
import os
import re
from dataclasses import dataclass, field

KNOBS = {"devices.allow": "", "devices.deny": "", "devices.list": ""}
_LINE = re.compile(r"([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})")
Key = tuple[str, str, str]


@dataclass
class _List:
    everything: bool = True
    rules: dict[Key, set[str]] = field(default_factory=dict)


class DeviceLists:
    """The lists by directory; the top's allows everything."""

    def __init__(self) -> None:
        self._lists: dict[str, _List] = {}

    def add(self, directory: str) -> None:
        """A new group has a copy of its parent's list."""
        above = self._lists.get(os.path.dirname(directory))
        made = _List()
        if above is not None:
            made = _List(above.everything, {key: set(v) for key, v in above.rules.items()})
        self._lists[directory] = made

    def remove(self, directory: str) -> None:
        """The group is gone."""
        self._lists.pop(directory, None)

    def read(self, directory: str) -> str:
        """``devices.list``."""
        mine = self._lists.get(directory, _List())
        if mine.everything:
            return "a *:* rwm\n"
        return "".join(
            f"{kind} {major}:{minor} {''.join(c for c in 'rwm' if c in access)}\n"
            for (kind, major, minor), access in mine.rules.items()
        )

    def write(self, directory: str, text: str, *, allow: bool) -> None:
        """``devices.allow`` or ``devices.deny``; raises OSError as the kernel does."""
        mine = self._lists[directory]
        if text == "a":
            self._write_all(directory, mine, allow=allow)
            return
        match = _LINE.fullmatch(text)
        if match is None or match[1] == "a":
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), directory)
        key, access = (match[1], match[2], match[3]), set(match[4])
        if mine.everything:
            raise NotImplementedError("exceptions from everything are not played")
        if allow:
            if not self._permitted(directory, key, access):
                raise OSError(errno.EPERM, os.strerror(errno.EPERM), directory)
            mine.rules.setdefault(key, set()).update(access)
            return
        self._lose(mine, key, access)
        for child in self._children(directory):
            self._inherit_loss(child, key, access)

    def _write_all(self, directory: str, mine: _List, *, allow: bool) -> None:
        if self._children(directory):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), directory)
        above = self._lists.get(os.path.dirname(directory))
        if allow and above is not None and not above.everything:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), directory)
        mine.everything = allow
        mine.rules.clear()

    def _children(self, directory: str) -> list[str]:
        return [d for d in self._lists if os.path.dirname(d) == directory]

    def _permitted(self, directory: str, key: Key, access: set[str]) -> bool:
        above = self._lists.get(os.path.dirname(directory))
        if above is None or above.everything:
            return True
        return any(
            kind == key[0] and major in ("*", key[1]) and minor in ("*", key[2]) and access <= have
            for (kind, major, minor), have in above.rules.items()
        )

    @staticmethod
    def _lose(mine: _List, key: Key, access: set[str]) -> None:
        if key in mine.rules:
            mine.rules[key] -= access
            if not mine.rules[key]:
                del mine.rules[key]

    def _inherit_loss(self, directory: str, key: Key, access: set[str]) -> None:
        """What the parent has lost a child loses, too, and what then is not permitted."""
        mine = self._lists[directory]
        self._lose(mine, key, access)
        for other, letters in list(mine.rules.items()):
            if not self._permitted(directory, other, letters):
                del mine.rules[other]
        for child in self._children(directory):
            self._inherit_loss(child, key, access)
