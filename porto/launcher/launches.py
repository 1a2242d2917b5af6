"""All launches of the master: in flight, running, and exits not acknowledged.

Called by master.py with the daemon's messages and the children that ended; answers
go through `tell`, which drops them while no daemon is connected: `greet` tells a new
daemon everything again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

from porto.launcher.executor import Executor
from porto.launcher.launch import Failed, Launch, restore
from porto.launcher.ledger import Ledger, Record, task_status
from porto.launcher.link import Packet
from porto.launcher.poll import Poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = Sequence[Any]


class Launches:
    """Owns the ledger and the children between clone3 and exec."""

    def __init__(self, executor: Executor, poll: Poll, tell: Callable[[Message], None]) -> None:
        self._executor = executor
        self._poll = poll
        self._tell = tell
        self._in_flight: dict[str, Launch] = {}
        self._by_pid: dict[int, Launch] = {}
        self._ledger = Ledger()

    def launch(self, packet: Packet) -> None:
        """Start what a `launch` message asks for; the packet stays the caller's."""
        assert packet.message is not None
        launch_id = packet.message[1]
        try:
            if launch_id in self._in_flight or launch_id in self._ledger:
                raise Failed("launch", errno.EEXIST, f"launch {launch_id}")
            launch = self._executor.start(packet)
        except Failed as failure:
            self._tell(["failed", launch_id, failure.op, failure.errno, failure.subject])
            return
        except OSError as error:
            self._tell(["failed", launch_id, "setup", error.errno, "status socket"])
            return
        self._add(launch)

    def _add(self, launch: Launch) -> None:
        self._in_flight[launch.launch_id] = launch
        if launch.pid and launch.reaped is None:
            self._by_pid[launch.pid] = launch
        self._poll.watch(launch.status.fileno(), lambda: self._read(launch))

    def _read(self, launch: Launch) -> None:
        self._hear(launch)
        self._settle(launch)

    def _hear(self, launch: Launch) -> None:
        """Take what the child has said, that it lives above all."""
        unborn = not launch.pid
        launch.read()
        if unborn and launch.pid:
            self._by_pid[launch.pid] = launch
        if launch.closed:
            self._poll.forget(launch.status.fileno())

    def _settle(self, launch: Launch) -> None:
        """Report a launch whose outcome is known."""
        outcome = launch.outcome()
        if outcome is None or self._in_flight.get(launch.launch_id) is not launch:
            return
        del self._in_flight[launch.launch_id]
        self._remove(launch)
        if isinstance(outcome, Failed):
            self._tell(["failed", launch.launch_id, outcome.op, outcome.errno, outcome.subject])
            return
        outcome.exited = launch.reaped
        self._ledger.enter(outcome)
        self._tell(outcome.launched())
        self._tell_exit(outcome)

    def _remove(self, launch: Launch) -> None:
        self._poll.forget(launch.status.fileno())
        launch.close()
        self._by_pid.pop(launch.pid, None)

    def _tell_exit(self, record: Record) -> None:
        if record.exited is not None:
            self._tell(["exited", record.launch_id, record.init_pid, record.exited])

    def task_status(self, pid: int, status: int) -> int:
        """Wait status of the main task, from that of a child which is still a zombie."""
        if status & 0x7F or status >> 8 <= 128:
            return status
        launch = self._find(pid)
        if launch is not None:
            self._hear(launch)  # it may have ended before we heard that it is a reaper
        record = launch.record if launch is not None else self._ledger.find(pid)
        return task_status(pid, status) if record is not None and record.reaper else status

    def ended(self, pid: int, status: int) -> None:
        """A child is gone; status is what `task_status` made of it."""
        launch = self._find(pid)
        if launch is not None:
            self._hear(launch)
            del self._by_pid[pid]
            launch.reaped = status
            self._settle(launch)
            return
        known = self._ledger.reaped(pid, status)
        if known is not None:
            self._tell_exit(known)
        else:
            self._executor.reaped(pid, status)

    def _find(self, pid: int) -> Launch | None:
        """The launch in flight of this child, also of one that we had not heard of yet."""
        if pid not in self._by_pid and self._ledger.find(pid) is None:
            for launch in list(self._in_flight.values()):
                if not launch.pid:
                    self._hear(launch)
                    self._settle(launch)
        return self._by_pid.get(pid)

    def acknowledge(self, launch_id: str) -> None:
        """The daemon has taken the exit."""
        self._ledger.acknowledge(launch_id)

    def forget(self, launch_id: str) -> None:
        """Not a launch that the daemon wants: one in flight is killed, others run on."""
        launch = self._in_flight.pop(launch_id, None)
        if launch is not None:
            launch.expire()
            self._remove(launch)
        self._ledger.drop(launch_id)

    def greet(self) -> None:
        """Tell a daemon that has just connected what there is."""
        for record in self._ledger.records():
            self._tell(record.launched())
        for launch_id in self._in_flight:
            self._tell(["pending", launch_id])
        self._tell(["ready"])
        for record in self._ledger.records():
            self._tell_exit(record)

    def next_time(self) -> float | None:
        """When `tick` has something to do, by time.monotonic()."""
        return min((launch.deadline for launch in self._in_flight.values()), default=None)

    def tick(self, now: float) -> None:
        """Kill what did not finish in time."""
        for launch in [x for x in self._in_flight.values() if x.deadline <= now]:
            if not launch.pid:
                self._executor.kill()
            launch.expire()
            self._settle(launch)

    def close(self) -> None:
        """The master ends; the kernel kills what is in flight, launched ones go on."""
        self._executor.close()

    def hand_over(self) -> dict[str, Any]:
        """Everything for the next master; status sockets become inheritable."""
        self._executor.close()
        for launch in self._in_flight.values():
            os.set_inheritable(launch.status.fileno(), True)
        return {
            "kept": [record.state() for record in self._ledger.records()],
            "in_flight": [launch.state() for launch in self._in_flight.values()],
        }

    def take_over(self, state: dict[str, Any]) -> None:
        """What the former master handed over."""
        for kept in state["kept"]:
            self._ledger.enter(Record(*kept))
        for told in state["in_flight"]:
            launch = restore(told)
            self._add(launch)
            self._settle(launch)
