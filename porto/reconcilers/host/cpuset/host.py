"""The allocation of the host's CPUs: who is in, what each one got, who has to move.

Made by `cli/daemon.py`, asked by `facets/cpuset.py` in each pass of a container, told by the store
who has ended, by sysfs which CPUs there are. A container is admitted with what it asks for
when its pass first wants it, and refused while the others keep what they have. Whose CPUs
change because of somebody else gets a pass of his own (`moved`). Nothing is stored: after
a restart the knobs tell who held what. Without any cpu_set on the host nothing is solved.
"""

import asyncio
import contextlib
import copy
import time
from collections.abc import Callable, Mapping

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.host.topology import DEVICES
from porto.kernel.ports import Cpus
from porto.reconcilers.host.cpuset.machine import Machine
from porto.reconcilers.host.cpuset.members import Member, blame, member_of, refusal
from porto.reconcilers.host.cpuset.recover import recover
from porto.reconcilers.host.cpuset.requests import (
    Demand,
    Problem,
    Request,
    Share,
    Solution,
    crowd_problems,
    request_of,
)
from porto.reconcilers.host.cpuset.solve import grant, revoke, solve
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ENDED, State
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key


class Allocation:
    """One per daemon; used from its event loop only."""

    def __init__(
        self,
        store: ContainerStore,
        driver: CgroupDriver,
        *,
        locate: Callable[[str], Group],
        moved: Callable[[Key], None],
        cpus: Cpus,
        devices: str = DEVICES,
        clock: Callable[[], float] = time.monotonic,
        period_s: float = 5.0,
    ) -> None:
        """`locate` gives a container's group; `moved` gets the key of one whose CPUs change.

        `period_s` seconds at least lie between two looks at the CPUs.
        """
        self.store = store
        self.driver = driver
        self.locate = locate
        self._tell = moved
        self._machine = Machine(driver, cpus, devices)
        self._clock = clock
        self._period = period_s
        self._looked = 0.0
        self._members: dict[str, Member] = {}
        self._requests: dict[str, Request] = {}
        self._inheriting: dict[str, int] = {}
        self._guaranteed: dict[str, int] = {}
        self._solution: Solution | None = None
        self._previewed: tuple[str, Member, Solution, Solution] | None = None
        store.subscribe(self._on_change)

    def fork(
        self,
        store: ContainerStore,
        driver: CgroupDriver,
        *,
        locate: Callable[[str], Group],
        moved: Callable[[Key], None],
    ) -> "Allocation":
        """The same allocation for a copy of the store: what becomes of either, the other lacks."""
        twin = copy.copy(self)
        twin.store, twin.driver, twin.locate, twin._tell = store, driver, locate, moved
        twin._members, twin._requests = dict(self._members), dict(self._requests)
        twin._inheriting, twin._guaranteed = dict(self._inheriting), dict(self._guaranteed)
        store.subscribe(twin._on_change)
        return twin

    # -- asked by the facet ----------------------------------------------------

    @property
    def available(self) -> int:
        """All CPUs of the host."""
        return self._machine.available

    def preview(self, record: ContainerRecord, *, confined: bool) -> Solution:
        """The allocation with this container as it asks now; nothing is changed.

        confined -- whether it has a cpuset of its own

        Raises ResourceNotAvailable when the host cannot give it.
        """
        before = self._begin()
        name, member = record.name, member_of(record, confined)
        after = before
        if self._members.get(name) != member:
            known = self._previewed
            if known is not None and known[:2] == (name, member) and known[2] is before:
                after = known[3]
            else:
                after = self._try(name, member, before)
                self._previewed = (name, member, before, after)
        reason = after.problems.get(("request", name))
        if reason is not None:
            raise refusal(name, member, reason)
        return after

    def has_admitted(self, record: ContainerRecord, *, confined: bool) -> bool:
        """Whether it is in, with what it asks for now."""
        return self._members.get(record.name) == member_of(record, confined)

    def admit(self, record: ContainerRecord, *, confined: bool) -> None:
        """Let a container in, or let it ask for something else; nothing new costs nothing.

        Raises ResourceNotAvailable, and everything stays as it was.
        """
        after = self.preview(record, confined=confined)
        if not self.has_admitted(record, confined=confined):
            before = self._solved()
            self._put(record.name, member_of(record, confined))
            self._accept(record.name, before, after)

    def affinity(self, name: str) -> int:
        """The CPUs of a container; of one that was not admitted what it would inherit."""
        return self._solved().affinity(name)

    # -- the machine -------------------------------------------------------------

    def is_outdated(self) -> bool:
        """Whether CPUs have come or gone that no look has seen, as far as a look may be due."""
        if self._solution is None or self._clock() - self._looked < self._period:
            return False
        return self._machine.differs()

    def look(self) -> bool:
        """See whether CPUs came or went, not more often than the period allows.

        Everybody gets a pass then: the kernel has changed knobs by itself.
        """
        if self._solution is None or self._clock() - self._looked < self._period:
            return False
        self._looked = self._clock()
        if not self._machine.look():
            return False
        self._solution = self._solve(self._solution.shares)
        for name in self._members:
            self._move(name)
        return True

    async def watch(self) -> None:
        """Look once per period, for ever."""
        while True:
            await asyncio.sleep(self._period)
            with contextlib.suppress(OSError):
                self.look()

    # -- members -----------------------------------------------------------------

    def _begin(self) -> Solution:
        """The present solution; at the first time, of those who run already."""
        if self._solution is not None:
            return self._solution
        self._looked = self._clock()
        self._machine.look()
        self._solution = self._solve({})
        for record in self.store.records():
            if record.status.life.state not in (*ENDED, State.STARTING):
                confined = self.locate(record.name).owns("cpuset")
                self._put(record.name, member_of(record, confined))
        if self._requests:
            present = recover(
                self._requests,
                list(self._members),
                self._machine.topology(),
                self.driver,
                self.locate,
            )
            self._solution = self._solve(present)
        return self._solution

    def _solved(self) -> Solution:
        return self._begin() if self._solution is None else self._solution

    def _on_change(self, old: ContainerRecord | None, new: ContainerRecord | None) -> None:
        """What the ended held is for the others."""
        if old is None or self._solution is None or old.name not in self._members:
            return
        if new is None or (
            new.status.life.state in ENDED and new.status.life.state is not old.status.life.state
        ):
            self._leave(old.name, self._solution)

    def _leave(self, name: str, before: Solution) -> None:
        """What a member held is for the others."""
        was = self._requests.get(name)
        self._put(name, None)
        self._accept(name, before, self._after(name, was, None, before))

    def _try(self, name: str, member: Member, before: Solution) -> Solution:
        """The allocation with a member that comes or asks for something else.

        Raises ResourceNotAvailable.
        """
        old = self._members.get(name)
        was, request = self._requests.get(name), request_of(member.wish)
        self._put(name, member)
        try:
            after = self._after(name, was, request, before)
            reason = blame(name, old, member, before, after)
            if reason is not None and was != request:
                # Perhaps there is room when the others move together.
                fresh = self._solve({})
                if blame(name, old, member, before, fresh) is None:
                    after, reason = fresh, None
        finally:
            self._put(name, old)
        if reason is not None:
            raise refusal(name, member, reason)
        return after

    def _accept(self, name: str, before: Solution, after: Solution) -> None:
        self._solution = after
        if before.shares is not after.shares:
            self._tell_moved(name, before, after)

    def _after(
        self, name: str, was: Request | None, request: Request | None, before: Solution
    ) -> Solution:
        """The solution after a change of one member, which has been made."""
        if was == request:
            return self._with_crowd(parent_name(name), before)
        after = None
        if was is None and request is not None:
            after = grant(before, name, request, self._machine.topology())
        elif request is None and was is not None and not was.is_exclusive:
            after = revoke(before, name, self._demand())
        return self._solve(before.shares) if after is None else after

    def _with_crowd(self, parent: str, before: Solution) -> Solution:
        """The same shares; what the parent's children without a request find."""
        share = before.shares.get(parent)
        if share is None:
            return before
        found: dict[Problem, str] = dict(
            crowd_problems(
                parent,
                share,
                inheriting=self._inheriting.get(parent, 0),
                guaranteed=self._guaranteed.get(parent, 0),
            )
        )
        crowd = (("vacant", parent), ("guarantee", parent))
        if not found and not any(key in before.problems for key in crowd):
            return before
        others = {key: text for key, text in before.problems.items() if key not in crowd}
        return Solution(before.shares, {**others, **found})

    def _tell_moved(self, name: str, before: Solution, after: Solution) -> None:
        """Everybody else whose CPUs are others now gets a pass."""
        differing = {
            item
            for item in before.shares.keys() | after.shares.keys()
            if before.shares.get(item) != after.shares.get(item)
        }
        if differing <= {name} and not self.store.has_children(name):
            return
        for other in self._members:
            if other != name and before.affinity(other) != after.affinity(other):
                self._move(other)

    def _move(self, name: str) -> None:
        member = self._members[name]
        if member.confined:
            self._tell(member.key)

    def _put(self, name: str, member: Member | None) -> None:
        """Write a member down, or strike it out, in all accounts."""
        old = self._members.pop(name, None)
        self._count(name, old, -1)
        self._requests.pop(name, None)
        if member is None:
            return
        self._members[name] = member
        request = request_of(member.wish)
        if request is not None:
            self._requests[name] = request
        self._count(name, member, 1)

    def _count(self, name: str, member: Member | None, sign: int) -> None:
        if member is None:
            return
        parent = parent_name(name)
        request = self._requests.get(name)
        if request is None:
            _add(self._inheriting, parent, sign)
        if member.guarantee and (request is None or not request.is_exclusive):
            _add(self._guaranteed, parent, sign * member.guarantee)

    def _demand(self) -> Demand:
        return Demand(self._requests, self._inheriting, self._guaranteed)

    def _solve(self, present: Mapping[str, Share]) -> Solution:
        if not self._requests:
            cpus = self._machine.available
            return Solution({ROOT: Share(affinity=cpus, vacant=cpus)}, {})
        return solve(self._demand(), self._machine.topology(), present)


def _add(sums: dict[str, int], parent: str, amount: int) -> None:
    total = sums.get(parent, 0) + amount
    if total:
        sums[parent] = total
    else:
        sums.pop(parent, None)
