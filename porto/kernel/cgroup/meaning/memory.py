"""The controller of memory: one meaning over `v1/memory.py` and `v2/memory.py`.

Reached as ``driver.memory``; called by `facets/memory.py`, `facets/pressure.py`
and `observers/memory.py`. All amounts are bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from porto.kernel.cgroup.group import Group


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """What a memory cgroup shall do; 0 means no limit.

    limit           -- for all memory; swap is forbidden with it
    high            -- from here on tasks are slowed down and reclaimed from, where the
                       kernel can do that
    guarantee       -- promised to the container itself
    guarantee_total -- promised to it and all below together
    anon, dirty     -- for anonymous memory and for unwritten cache
    """

    limit: int = 0
    high: int = 0
    guarantee: int = 0
    guarantee_total: int = 0
    anon: int = 0
    dirty: int = 0
    anon_only: bool = False
    recharge: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """The guarantee of one group on the way up.

    total -- of the group and all below
    rest  -- what of it no child has claimed: for the group's own tasks
    """

    total: int
    rest: int = 0


class Memory(Protocol):
    """Limits to knobs, knobs to readings.

    guarantee_knob -- the knob whose guarantee reaches only as far as the ancestors' do,
                      None where there is none
    reclaiming     -- knobs whose write lasts until the usage is below

    Readings look at a group and all below. They raise OSError; FileNotFoundError when the
    group is gone.
    """

    guarantee_knob: str | None
    reclaiming: frozenset[str]

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name."""

    def render(self, limits: MemoryLimits) -> Mapping[str, str]:
        """{knob: canonical text}, in the order in which they are written."""

    def render_pressure(self, soft: int) -> Mapping[str, str]:
        """The same for the amount above which memory is reclaimed first; 0 is none."""

    def write(self, group: Group, knob: str, text: str) -> None:
        """Write a rendered knob.

        A limit below the usage is approached by reclaiming. OSError (EBUSY) when it cannot
        be reached: then the old limit is in force again, and no task was killed.
        """

    def promise(self, group: Group, own: Promise, above: Sequence[Promise]) -> None:
        """Make the guarantees of a group's ancestors sufficient for its own.

        `above` are the ancestors', nearest first, at last that of all containers
        together. An ancestor's knob is written where it differs. The group may be gone.
        """

    def promised(self) -> int | None:
        """The guarantee of all containers together; None where no knob holds it."""

    def usage(self, group: Group) -> int:
        """Anonymous memory and cache."""

    def anon(self, group: Group) -> int:
        """Anonymous memory, shared memory and what is in swap."""

    def cache(self, group: Group) -> int:
        """Cache of files."""

    def shmem(self, group: Group) -> int:
        """Shared memory and tmpfs."""

    def locked(self, group: Group) -> int:
        """Memory that cannot be reclaimed because it is locked."""

    def max_rss(self, group: Group) -> int:
        """The highest `anon` so far."""

    def minor_faults(self, group: Group) -> int:
        """Page faults without a read from disk."""

    def major_faults(self, group: Group) -> int:
        """Page faults with one."""

    def reclaimed(self, group: Group) -> int:
        """Memory taken back so far."""
