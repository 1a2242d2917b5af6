"""Contracts of the facets: what a reconciler file provides.

A facet is one concern of a container. It implements the phases it needs:

    Live      plan + apply on every pass of a started container
    Launch    operations of a start, in the order of `chain.py`
    Teardown  removal of what the facet made, when the container stops

All phases are idempotent, and safe when an earlier phase never ran or was cut
short by a crash. Facets never meet each other; they see a `Target`. A phase
raises `PortoError`; an OSError is turned into one by the caller with facet and
subject named.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from porto.kernel.cgroup.group import Group
from porto.launcher.ops import Op
from porto.reconcilers.engine.change import Change
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ACTIVE


@dataclass(frozen=True, slots=True)
class Target:
    """One container as a facet sees it during one pass.

    lineage -- records of the ancestors, nearest first
    group   -- its cgroups
    is_new  -- whether they are made in this pass: the knobs have the kernel's defaults
    """

    record: ContainerRecord
    lineage: tuple[ContainerRecord, ...]
    group: Group
    is_new: bool = False

    @property
    def name(self) -> str:
        """Full name."""
        return self.record.name

    @property
    def host(self) -> ContainerRecord | None:
        """The nearest ancestor with a process, whose namespaces the container joins."""
        for ancestor in self.lineage:
            if ancestor.status.life.process is not None and ancestor.status.life.state in ACTIVE:
                return ancestor
        return None


@dataclass(slots=True)
class LaunchPlan:
    """A start under construction; facets append in the order of the chain.

    The descriptors belong to the plan until `close`.
    """

    ops: list[Op] = field(default_factory=list)
    fds: list[int] = field(default_factory=list)
    clone_flags: int = 0
    pid_ns: int | None = None
    cgroup_fd: int | None = None

    def add(self, *ops: Op) -> None:
        """Append operations."""
        self.ops.extend(ops)

    def pass_fd(self, descriptor: int) -> int:
        """Take over a descriptor; returns the index by which operations name it."""
        self.fds.append(descriptor)
        return len(self.fds) - 1

    def close(self) -> None:
        """Close the descriptors; they have been sent or the start was given up."""
        for descriptor in self.fds:
            os.close(descriptor)
        self.fds.clear()


class Live(Protocol):
    """A facet that is kept true while the container runs."""

    @property
    def name(self) -> str:
        """The facet's name: `Prop.owner` of its properties."""

    def plan(self, target: Target) -> Sequence[Change]:
        """Want minus have, in canonical texts. Reads only; empty right after `apply`."""

    def apply(self, target: Target, change: Change) -> None:
        """Make one planned change. Idempotent."""


class Launch(Protocol):
    """A facet that takes part in a start."""

    @property
    def name(self) -> str:
        """The facet's name: `Prop.owner` of its properties."""

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Append operations and descriptors.

        Changes nothing outside the plan but what `teardown` removes.
        """


class Teardown(Protocol):
    """A facet that leaves something behind in the kernel or on disk."""

    @property
    def name(self) -> str:
        """The facet's name."""

    def teardown(self, target: Target) -> None:
        """Remove it; nothing there is fine. Runs after the last task is gone."""
