"""All launches of the master: in flight, running, and exits not acknowledged.

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
from porto.launcher.link import Packet
from porto.launcher.poll import Poll
from porto.launcher.roster import Child, Roster, task_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = Sequence[Any]


class Spawner:
    """Owns the roster and the children in their setup."""

    def __init__(self, executor: Executor, poll: Poll, tell: Callable[[Message], None]) -> None:
        self._executor = executor
        self._poll = poll
        self._tell = tell
        self._in_flight: dict[str, Setup] = {}
        self._by_pid: dict[int, Setup] = {}
        self._roster = Roster()

    def launch(self, packet: Packet) -> None:
        """Start what a `launch` message asks for; the packet stays the caller's."""
        assert packet.message is not None
        launch_id = packet.message[1]
        try:
            if launch_id in self._in_flight or launch_id in self._roster:
                raise SetupFailed("launch", errno.EEXIST, f"launch {launch_id}")
            setup = self._executor.start(packet)
        except SetupFailed as failure:
            self._tell(["failed", launch_id, failure.op, failure.errno, failure.subject])
            return
        except OSError as error:
            self._tell(["failed", launch_id, "setup", error.errno, "status socket"])
            return
        self._add(setup)

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
        self._remove(setup)
        if isinstance(outcome, SetupFailed):
            self._tell(["failed", setup.launch_id, outcome.op, outcome.errno, outcome.subject])
            return
        outcome.exited = setup.reaped
        self._roster.enter(outcome)
        self._tell(outcome.launched())
        self._tell_exit(outcome)

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
        """Not a launch that the daemon wants: one in flight is killed, others run on."""
        setup = self._in_flight.pop(launch_id, None)
        if setup is not None:
            setup.expire()
            self._remove(setup)
        self._roster.drop(launch_id)

    def greet(self) -> None:
        """Tell a daemon that has just connected what there is."""
        for child in self._roster.children():
            self._tell(child.launched())
        for launch_id in self._in_flight:
            self._tell(["pending", launch_id])
        self._tell(["ready"])
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
        }

    def take_over(self, state: dict[str, Any]) -> None:
        """What the former master handed over."""
        for kept in state["kept"]:
            self._roster.enter(Child(*kept))
        for told in state["in_flight"]:
            setup = restore(told)
            self._add(setup)
            self._settle(setup)
