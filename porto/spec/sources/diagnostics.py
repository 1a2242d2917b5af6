"""What is wrong with a file: the one form in which sources report.

Made by every module of this package; shown by ``portoctl status``, ``portoctl
validate`` and the daemon's log. Standard library only, because portoctl reads it.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

VALUE_SHOWN_MAX = 80
PER_FILE_MAX = 50


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One fault of one file.

    path     -- the file or directory, as configured (symbolic links not resolved)
    line     -- line in the file from 1, 0 when the fault has none
    property -- the property or key at fault, "" when it is the file as a whole
    reason   -- what is wrong, one line
    """

    path: str
    line: int
    property: str
    reason: str

    def __str__(self) -> str:
        """``FILE:LINE: PROPERTY: REASON``; the parts that do not apply are left out."""
        where = f"{self.path}:{self.line}" if self.line else self.path
        parts = [where, self.property, self.reason] if self.property else [where, self.reason]
        return one_line(": ".join(parts))


def one_line(text: str) -> str:
    """`text` with what would break a line, a terminal or UTF-8 made visible."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def shown(text: str) -> str:
    """A value quoted for a message, cut when long."""
    cut = text if len(text) <= VALUE_SHOWN_MAX else text[:VALUE_SHOWN_MAX] + "..."
    return repr(cut)


def suggestion(word: str, known: Iterable[str]) -> str:
    """``", did you mean X?"`` when a known word is near `word`, else ""."""
    near = difflib.get_close_matches(word[:VALUE_SHOWN_MAX], list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""


def limited(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """At most `PER_FILE_MAX` diagnostics, in the order of lines; the rest is counted."""
    ordered = sorted(set(found), key=lambda item: (item.line, item.property, item.reason))
    if len(ordered) <= PER_FILE_MAX:
        return tuple(ordered)
    rest = len(ordered) - PER_FILE_MAX
    more = Diagnostic(ordered[0].path, 0, "", f"and {rest} more faults")
    return (*ordered[:PER_FILE_MAX], more)
