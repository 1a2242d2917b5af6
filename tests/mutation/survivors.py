"""Mutants that no test can notice, because they mean the same: `survivors.toml`.

Each entry says the file, the function, what the line was, what it became (lines of the
difference without their indentation) and the reason; without lines it speaks of the whole
function. An entry whose line is gone from the file is an error of the entry
(tests/unit/test_mutation.py).
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Mutation:
    """One change of one function, as text: it keeps its meaning when mutants are renumbered.

    function -- ``name`` or ``Class.name``
    """

    file: str
    function: str
    was: tuple[str, ...]
    now: tuple[str, ...]

    @classmethod
    def of_diff(cls, file: str, function: str, diff: str) -> "Mutation":
        """The lines that a unified diff takes away and adds, without indentation."""
        lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
        return cls(file, function, tuple(_marked(lines, "-")), tuple(_marked(lines, "+")))


@dataclass(frozen=True)
class Explained:
    """A mutation that changes nothing anybody can see, and why; without lines, any."""

    mutation: Mutation
    reason: str

    def covers(self, found: Mutation) -> bool:
        """Whether this is said of `found`."""
        lines = self.mutation.was, self.mutation.now
        same = (self.mutation.file, self.mutation.function) == (found.file, found.function)
        return same and lines in (((), ()), (found.was, found.now))


def explained(path: Path = LIST) -> list[Explained]:
    """All entries of the list."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    return [
        Explained(
            Mutation(
                entry["file"],
                entry["function"],
                _lines(entry.get("was", "")),
                _lines(entry.get("now", "")),
            ),
            entry["reason"],
        )
        for entry in entries
    ]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


def _marked(lines: list[str], mark: str) -> Iterator[str]:
    return (line[1:].strip() for line in lines if line.startswith(mark))
