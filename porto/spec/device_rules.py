"""Rules about device numbers, and device nodes, as plain data.

Made by `spec/containers/device_access.py`, enforced by `kernel/cgroup/*/devices.py`. A set of
rules means what the v1 devices cgroup makes of it: an access is allowed when one rule
covers its device and all its letters (the kernel's admin-guide/cgroup-v1/devices.rst).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

MKNOD, READ, WRITE = 1, 2, 4
"""Bits of an access, those of include/uapi/linux/bpf.h."""
ALL = MKNOD | READ | WRITE
_LETTERS = (("r", READ), ("w", WRITE), ("m", MKNOD))


class Rule(NamedTuple):
    """Access to devices: kind "c" or "b", None for any number, bits of access."""

    kind: str
    major: int | None
    minor: int | None
    access: int

    def __str__(self) -> str:
        """As the kernel prints it: ``c 1:3 rwm``."""
        numbers = ("*" if n is None else str(n) for n in (self.major, self.minor))
        return f"{self.kind} {':'.join(numbers)} {letters(self.access)}"


Rules = tuple[Rule, ...]
"""Sorted, one for each kind and numbers."""

# null, zero, full, random, urandom, tty; ptmx and the terminals it makes
DEFAULTS: Rules = (
    *(Rule("c", 1, minor, ALL) for minor in (3, 5, 7, 8, 9)),
    Rule("c", 5, 0, ALL),
    Rule("c", 5, 2, READ | WRITE),
    Rule("c", 136, None, READ | WRITE),
)


@dataclass(frozen=True, slots=True)
class Node:
    """A device node of the host: kind "c" or "b", numbers, permission bits, owner."""

    kind: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


LookAt = Callable[[str], Node | None]
"""The node at a path; None for what is no device. Raises OSError."""


def letters(access: int) -> str:
    """The letters of an access, in the kernel's order."""
    return "".join(letter for letter, bit in _LETTERS if access & bit)


def bits(text: str) -> int:
    """The access of letters; others are ignored."""
    return sum(bit for letter, bit in _LETTERS if letter in text)


def sorted_rules(access: Mapping[tuple[str, int | None, int | None], int]) -> Rules:
    """Rules of the access by kind and numbers."""
    return tuple(
        sorted(
            (Rule(*key, bits) for key, bits in access.items() if bits),
            key=lambda rule: (rule[0], *(-1 if n is None else n for n in rule[1:3])),
        )
    )


def overlay(rules: Rules, added: Iterable[Rule]) -> Rules:
    """`rules` with those of the same numbers replaced."""
    access = {rule[:3]: rule.access for rule in rules}
    access.update((rule[:3], rule.access) for rule in added)
    return sorted_rules(access)


def covers(rules: Rules, wanted: Rule) -> bool:
    """Whether one rule allows everything that `wanted` allows."""
    return any(
        rule.kind == wanted.kind
        and rule.major in (None, wanted.major)
        and rule.minor in (None, wanted.minor)
        and not wanted.access & ~rule.access
        for rule in rules
    )
