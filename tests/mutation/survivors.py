"""Mutants that no test can notice, because they mean the same: `survivors.toml`.

Each entry says the file, what the line was, what it became (lines of the difference
without their indentation) and the reason. An entry whose line is gone from the file is an
error of the entry (tests/unit/test_mutation.py).
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Mutation:
    """One change of one file, as text: it keeps its meaning when mutants are renumbered."""

    file: str
    was: tuple[str, ...]
    now: tuple[str, ...]

    @classmethod
    def of_diff(cls, file: str, diff: str) -> "Mutation":
        """The lines that a unified diff takes away and adds, without indentation."""
        lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
        return cls(file, tuple(_marked(lines, "-")), tuple(_marked(lines, "+")))


@dataclass(frozen=True)
class Explained:
    """A mutation that changes nothing anybody can see, and why."""

    mutation: Mutation
    reason: str


def explained(path: Path = LIST) -> list[Explained]:
    """All entries of the list."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    return [
        Explained(
            Mutation(entry["file"], _lines(entry["was"]), _lines(entry["now"])), entry["reason"]
        )
        for entry in entries
    ]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


def _marked(lines: list[str], mark: str) -> Iterator[str]:
    return (line[1:].strip() for line in lines if line.startswith(mark))
