"""Started containers as the allocation counts them, and why one is not let in.

Used by `host.py`.
"""

from dataclasses import dataclass

from porto.reconcilers.host.cpuset.requests import Solution
from porto.spec.codecs import CpuSetCodec, CpuSetValue
from porto.spec.codecs.cpuset import INHERIT
from porto.spec.containers.names import parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import ResourceNotAvailable
from porto.spec.key import Key

_CODEC = CpuSetCodec()


@dataclass(frozen=True, slots=True)
class Member:
    """A started container.

    confined  -- whether it has a cpuset of its own; without one there is nothing to write
    wish      -- its cpu_set; none without a cpuset
    guarantee -- its cpu_guarantee
    """

    key: Key
    confined: bool
    wish: CpuSetValue
    guarantee: int


def member_of(record: ContainerRecord, confined: bool) -> Member:
    """A container as it asks now."""
    wish = record.spec.cpuset.cpu_set if confined else INHERIT
    return Member(record.key, confined, wish, record.spec.cpu.cpu_guarantee)


def blame(
    name: str, old: Member | None, new: Member, before: Solution, after: Solution
) -> str | None:
    """Why a change must be refused: what is wrong afterwards because of it."""
    problems = after.problems
    if not problems:
        return None
    if ("request", name) in problems:
        return problems["request", name]
    parent = parent_name(name)
    more = old is None or new.wish != old.wish or new.guarantee > old.guarantee
    if more and new.wish == INHERIT and ("vacant", parent) in problems:
        return problems["vacant", parent]
    if more and ("guarantee", parent) in problems:
        return problems["guarantee", parent]
    for key, reason in problems.items():
        if key not in before.problems:
            kind, who = key
            return f"{who} could not keep its cpu_set: {reason}" if kind == "request" else reason
    return None


def refusal(name: str, member: Member, reason: str) -> ResourceNotAvailable:
    """The error of a container that cannot have what it asks for."""
    if member.wish == INHERIT:
        return ResourceNotAvailable(f"cannot give CPUs to {name}: {reason}")
    text = _CODEC.format(member.wish)
    return ResourceNotAvailable(f"cannot set cpu_set of {name} to {text!r}: {reason}")
