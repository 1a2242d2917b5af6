"""All that the daemon has asked for: in its setup, running, ended and not acknowledged, pinned.

Called by master.py with the daemon's messages and the children that ended; answers
go through `tell`, which drops them while no daemon is connected: `greet` tells a new
daemon everything again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

from porto.launcher.child_setup import Setup, SetupFailed, restore
from porto.launcher.executor import Executor
from porto.launcher.link import VERSION, Packet
from porto.launcher.pins import Namespaces, Pins, identities
from porto.launcher.poll import Poll
from porto.launcher.roster import Child, Roster, task_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = Sequence[Any]
    Tell = Callable[..., None]


class Spawner:
    """Owns the roster, the pins and the children in their setup.

    A launch and a run have their names from the same set, each used once at a time.
    """

    def __init__(self, executor: Executor, poll: Poll, tell: Tell) -> None:
        """`tell` takes a message and descriptors that go with it."""
        self._executor = executor
        self._poll = poll
        self._tell = tell
        self._in_flight: dict[str, Setup] = {}
        self._by_pid: dict[int, Setup] = {}
        self._roster = Roster()
        # The other half is for launches, and for what comes and goes.
        self._pins = Pins(os.sysconf("SC_OPEN_MAX") // 2)

    def launch(self, packet: Packet) -> None:
        """Start what a `launch` or `run` message asks for; the packet stays the caller's."""
        assert packet.message is not None
        kind, launch_id = packet.message[:2]
        try:
            if any(launch_id in taken for taken in (self._in_flight, self._roster, self._pins)):
                raise SetupFailed("launch", errno.EEXIST, f"launch {launch_id}")
            setup = self._executor.start(packet, self._descriptors(packet))
        except SetupFailed as failure:
            self._tell(["failed", launch_id, failure.op, failure.errno, failure.subject])
            return
        except OSError as error:
            self._tell(["failed", launch_id, "setup", error.errno, "status socket"])
            return
        setup.run = kind == "run"
        self._add(setup)

    def _descriptors(self, packet: Packet) -> list[int]:
        """What was passed, with the pinned namespaces in their places. Raises SetupFailed."""
        assert packet.message is not None
        found = list(packet.fds)
        for place, name, flag in packet.message[6] if len(packet.message) > 6 else ():
            fd = self._pins.descriptor(name, flag)
            if fd is None:
                raise SetupFailed("setup", errno.ENOENT, f"pin {name}: namespace {flag:#x}")
            found.insert(place, fd)
        return found

    def _add(self, setup: Setup) -> None:
        self._in_flight[setup.launch_id] = setup
        if setup.pid and setup.reaped is None:
            self._by_pid[setup.pid] = setup
        self._poll.watch(setup.status.fileno(), lambda: self._read(setup))

    def _read(self, setup: Setup) -> None:
        self._hear(setup)
        self._settle(setup)

    def _hear(self, setup: Setup) -> None:
        """Take what the child has said, that it lives above all."""
        unborn = not setup.pid
        setup.read()
        if unborn and setup.pid:
            self._by_pid[setup.pid] = setup
        if setup.closed:
            self._poll.forget(setup.status.fileno())

    def _settle(self, setup: Setup) -> None:
        """Report a launch whose outcome is known."""
        outcome = setup.outcome()
        if outcome is None or self._in_flight.get(setup.launch_id) is not setup:
            return
        del self._in_flight[setup.launch_id]
        if not isinstance(outcome, (Child, SetupFailed)):
            outcome = self._pin(setup, outcome)
        self._remove(setup)
        if isinstance(outcome, SetupFailed):
            self._tell(["failed", setup.launch_id, outcome.op, outcome.errno, outcome.subject])
        elif isinstance(outcome, Child):
            outcome.exited = setup.reaped
            self._roster.enter(outcome)
            self._tell(outcome.launched())
            self._tell_exit(outcome)
        else:
            self._tell(["finished", setup.launch_id, identities(outcome)])

    def _pin(self, setup: Setup, namespaces: Namespaces) -> Namespaces | SetupFailed:
        """Keep the namespaces of a run that is over."""
        try:
            self._pins.enter(setup.launch_id, namespaces)
        except OSError as error:
            many = f"{len(namespaces)} more pinned namespaces"
            return SetupFailed("Finish", error.errno or 0, many)
        setup.namespaces = None  # they are not its own now
        return namespaces

    def _remove(self, setup: Setup) -> None:
        self._poll.forget(setup.status.fileno())
        setup.close()
        self._by_pid.pop(setup.pid, None)

    def _tell_exit(self, child: Child) -> None:
        if child.exited is not None:
            self._tell(["exited", child.launch_id, child.init_pid, child.exited])

    def task_status(self, pid: int, status: int) -> int:
        """Wait status of the main task, from that of a child which is still a zombie."""
        if status & 0x7F or status >> 8 <= 128:
            return status
        setup = self._find(pid)
        if setup is not None:
            self._hear(setup)  # it may have ended before we heard that it is a reaper
        child = setup.child if setup is not None else self._roster.find(pid)
        return task_status(pid, status) if child is not None and child.reaper else status

    def ended(self, pid: int, status: int) -> None:
        """A child is gone; status is what `task_status` made of it."""
        setup = self._find(pid)
        if setup is not None:
            self._hear(setup)
            del self._by_pid[pid]
            setup.reaped = status
            self._settle(setup)
            return
        known = self._roster.reaped(pid, status)
        if known is not None:
            self._tell_exit(known)
        else:
            self._executor.reaped(pid, status)

    def _find(self, pid: int) -> Setup | None:
        """The setup of this child, also of one that we had not heard of yet."""
        if pid not in self._by_pid and self._roster.find(pid) is None:
            for setup in list(self._in_flight.values()):
                if not setup.pid:
                    self._hear(setup)
                    self._settle(setup)
        return self._by_pid.get(pid)

    def acknowledge(self, launch_id: str) -> None:
        """The daemon has taken the exit."""
        self._roster.acknowledge(launch_id)

    def forget(self, launch_id: str) -> None:
        """Not what the daemon wants: a setup is killed, a pin released, others run on."""
        setup = self._in_flight.pop(launch_id, None)
        if setup is not None:
            setup.expire()
            self._remove(setup)
        self._roster.drop(launch_id)
        self._pins.release(launch_id)

    def end_runs(self) -> None:
        """The daemon is gone: the next one makes its own namespaces."""
        for setup in list(self._in_flight.values()):
            if setup.run:
                self.forget(setup.launch_id)

    def fetch(self, name: str, flag: int) -> None:
        """Send a descriptor of a pinned namespace; none when there is no such thing."""
        fd = self._pins.descriptor(name, flag)
        self._tell(["descriptor", name, flag], () if fd is None else (fd,))

    def greet(self) -> None:
        """Tell a daemon that has just connected what there is."""
        for child in self._roster.children():
            self._tell(child.launched())
        for launch_id in self._in_flight:
            self._tell(["pending", launch_id])
        for name, namespaces in self._pins.all():
            self._tell(["pin", name, identities(namespaces)])
        self._tell(["ready", VERSION])
        for child in self._roster.children():
            self._tell_exit(child)

    def next_time(self) -> float | None:
        """When `tick` has something to do, by time.monotonic()."""
        return min((setup.deadline for setup in self._in_flight.values()), default=None)

    def tick(self, now: float) -> None:
        """Kill what did not finish in time."""
        for setup in [x for x in self._in_flight.values() if x.deadline <= now]:
            if not setup.pid:
                self._executor.kill()
            setup.expire()
            self._settle(setup)

    def close(self) -> None:
        """The master ends; the kernel kills what is in flight, launched ones go on."""
        self._executor.close()

    def hand_over(self) -> dict[str, Any]:
        """Everything for the next master; status sockets become inheritable."""
        self._executor.close()
        for setup in self._in_flight.values():
            os.set_inheritable(setup.status.fileno(), True)
        return {
            "kept": [child.state() for child in self._roster.children()],
            "in_flight": [setup.state() for setup in self._in_flight.values()],
            "pins": self._pins.state(),
        }

    def take_over(self, state: dict[str, Any]) -> None:
        """What the former master handed over."""
        for kept in state["kept"]:
            self._roster.enter(Child(*kept))
        self._pins.restore(state.get("pins", []))
        for told in state["in_flight"]:
            setup = restore(told)
            self._add(setup)
            self._settle(setup)
