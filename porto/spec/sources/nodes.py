"""The tree of a document with the line of each part, whatever its format.

Built by `sources/formats.py`, interpreted by `sources/declare.py`. A scalar keeps
the text as written beside its native value: a property that wants text takes the
text, so that ``command: true`` and ``private: 1.10`` are what their author wrote.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

DEPTH_MAX = 40
NODES_MAX = 50_000

Plain = str | int | float | bool | None


class FormatError(ValueError):
    """A document that cannot be read; `line` is 0 when it has none."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(slots=True)
class Scalar:
    """A leaf: its text as written ("" for null), and what the format makes of it."""

    text: str
    line: int
    value: Plain


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    items: "list[Node]" = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """One key of a mapping."""

    key: str
    line: int
    value: "Node"


@dataclass(slots=True)
class Mapping:
    """A mapping; a key that is written twice is there twice."""

    line: int
    entries: list[Entry] = field(default_factory=list)

    def find(self, key: str) -> Entry | None:
        """The first entry of that key."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def repeated(self) -> Iterator[tuple[Entry, Entry]]:
        """Each entry whose key was there before, with the first one of that key."""
        first: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.key in first:
                yield entry, first[entry.key]
            else:
                first[entry.key] = entry


Node = Scalar | Sequence | Mapping


def native(node: Node, *, texts: bool = False) -> Any:
    """The plain value of a subtree: scalars, lists, dicts. Its depth is bounded.

    `texts` takes the text of each scalar in place of its value, but for null.
    """
    if isinstance(node, Scalar):
        return node.text if texts and node.value is not None else node.value
    if isinstance(node, Sequence):
        return [native(item, texts=texts) for item in node.items]
    return {entry.key: native(entry.value, texts=texts) for entry in node.entries}


class TreeBuilder:
    """Puts a tree together from a flat run of parts, without recursion.

    Refuses what is deeper than `DEPTH_MAX` or has more than `NODES_MAX` parts.
    """

    def __init__(self) -> None:
        self._open: list[Sequence | Mapping] = []
        self._key: list[tuple[str, int] | None] = []
        self._count = 0
        self.roots: list[Node] = []

    def in_key_position(self) -> bool:
        """Whether the next scalar is a mapping's key."""
        return bool(self._open) and isinstance(self._open[-1], Mapping) and self._key[-1] is None

    def scalar(self, text: str, line: int, value: Plain) -> None:
        """A scalar, or a key where one is due."""
        _check_text(text, line)
        if self.in_key_position():
            self._counted(line)
            self._key[-1] = (text, line)
        else:
            self._add(Scalar(text, line, value), line)

    def begin(self, node: Sequence | Mapping) -> None:
        """A list or mapping begins."""
        if self.in_key_position():
            raise FormatError("a key must be a plain word", node.line)
        if len(self._open) >= DEPTH_MAX:
            raise FormatError(f"nested deeper than {DEPTH_MAX} levels", node.line)
        self._add(node, node.line)
        self._open.append(node)
        self._key.append(None)

    def end(self) -> None:
        """The innermost list or mapping ends."""
        self._open.pop()
        self._key.pop()

    def _add(self, node: Node, line: int) -> None:
        self._counted(line)
        if not self._open:
            self.roots.append(node)
            return
        top = self._open[-1]
        if isinstance(top, Sequence):
            top.items.append(node)
            return
        key = self._key[-1]
        if key is None:
            raise FormatError("a value without a key", line)
        top.entries.append(Entry(key[0], key[1], node))
        self._key[-1] = None

    def _counted(self, line: int) -> None:
        self._count += 1
        if self._count > NODES_MAX:
            raise FormatError(f"more than {NODES_MAX} values", line)


def _check_text(text: str, line: int) -> None:
    # Escapes can make what no file, argument or record can hold.
    if "\0" in text:
        raise FormatError("it contains a zero byte", line)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError("it contains half of a surrogate pair", line) from error
