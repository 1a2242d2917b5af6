"""The daemon of the walks: porto's own, which counts what it carries and breaks where told.

Started by the master in place of ``porto.cli.daemon`` (`pair.py`), with one argument more: the
file that says what shall happen (`Order`). It is looked at before each change, so that one
daemon serves many points, and is renamed away before the thing happens: it happens once.

Counted are the carrier's changes, the calls of ports within them that can fail, those with
which passes look, and the steps of the daemon's start (`steps.py`). `carrier.carry` is the one
function through which all changes go.
"""

import contextlib
import errno
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from porto.launcher import link
from porto.reconcilers.containers import leftovers
from porto.reconcilers.engine import carrier
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.records.directory import RecordDirectory
from tests.reliability.points import (
    CALL,
    CHANGE,
    EFFECT,
    LASTING_S,
    LOOK,
    NOWHERE,
    OFTEN,
    STEP,
    Point,
    parse,
    read_trace,
)
from tests.reliability.steps import Steps

INFALLIBLE = frozenset(
    {
        "cgroups.bound",
        "cgroups.canonical",
        "cgroups.default_controllers",
        "cgroups.events_file",
        "cgroups.exists",
        "cgroups.held",
        "cgroups.is_home",
        "cgroups.is_new",
        "cgroups.job_group",
        "cgroups.jobs_group",
        "cgroups.join_files",
        "cgroups.launch_directory",
        "cgroups.locate",
        "cgroups.name_in",
        "files.exists",
        "files.occupied",
        "launches.take",
        "mounts.is_mount",
        "notices.forget",
        "processes.has_ended",
        "processes.is_alive",
        "vacancies.forget",
        "vacancies.watch",
    }
)
"""Calls that make no system call, or whose failure is an answer."""
LOOKED_AT = frozenset({"cgroups", "cpus", "disks", "files", "nodes", "processes", "scheduling"})
"""Ports through which passes look at the kernel."""
INFALLIBLE_PORTS = frozenset({"clock", "counters", "history", "jobs"})

_RECORDS = "records"
_MASTER = frozenset({"exits.acknowledge", "launches.begin", "launches.drop"})
"""Calls that send a message to the master."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the harness asks for: a point, and where to write what is carried.

    step -- of its start, before which a daemon dies; 0 for none
    """

    point: str
    trace: str
    step: int = 0

    def give(self, path: Path) -> None:
        """Make it the order from now on, whole or not at all."""
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)))
        os.rename(temporary, path)


def fired(path: Path) -> Path:
    """What the order is called once its point was reached; a step may be still to come."""
    return path.with_suffix(".fired")


@dataclass(slots=True)
class Failing:
    """Calls of one name that fail from now on: so many, and until then."""

    kind: str
    name: str
    code: int
    left: float
    until: float

    def strikes(self, kind: str, name: str) -> bool:
        """Whether this call is one of them."""
        if (kind, name) != (self.kind, self.name) or not self.left:
            return False
        self.left -= 1
        return time.monotonic() < self.until


class Gate:
    """Counts, writes down, and lets happen what was ordered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None
        self._order = Order("", "")
        self._point: Point | None = None
        self._failing: Failing | None = None
        self._trace = -1
        self._counts: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._within = threading.local()

    def carry(self, carry: Callable[[Change, Ports], None], change: Change, ports: Ports) -> None:
        """A change, with what shall happen before and after it."""
        with self._lock:
            self._look()
            # How often a change is tried again is up to chance, not what it is.
            number = self._count(CHANGE, f"{change.facet}: {change.subject} = {change.want}")
            self._write(EFFECT, f"{change.facet} {type(change.effect).__name__}")
        self._moment(number, "before")
        self._within.carry = True
        try:
            carry(change, ports)
        finally:
            self._within.carry = False
        self._moment(number, "after")

    def failure(self, name: str) -> OSError | None:
        """What this call of a port must fail with."""
        within = getattr(self._within, "carry", False)
        if not within and name.partition(".")[0] not in LOOKED_AT:
            return None
        kind = CALL if within else LOOK
        with self._lock:
            if not within:
                self._look()
            number = self._count(kind, name)
            point = self._point
            if point is not None and (point.number, point.moment) == (number, kind):
                self._disarm()
                code = getattr(errno, point.what)
                until = time.monotonic() + LASTING_S
                self._failing = Failing(kind, name, code, OFTEN[point.often], until)
            if self._failing is None or not self._failing.strikes(kind, name):
                return None
            code = self._failing.code
        return OSError(code, os.strerror(code), name)

    def step(self, text: str) -> None:
        """The daemon, which starts, is about to do this."""
        with self._lock:
            self._look()
            if not self._counts[STEP]:
                self._write(STEP, "")
            if self._count(STEP, text) != self._order.step:
                return
            os.rename(self._path, fired(self._path))
            os.kill(os.getpid(), signal.SIGKILL)

    def _count(self, kind: str, text: str) -> int:
        self._counts[kind] += 1
        self._write(kind, text)
        return self._counts[kind]

    def _write(self, kind: str, text: str) -> None:
        if self._trace >= 0:
            os.write(self._trace, json.dumps([kind, text]).encode() + b"\n")

    def _look(self) -> None:
        try:
            facts = os.stat(self._path)
        except FileNotFoundError:
            self._point = None
            return
        present = (facts.st_ino, facts.st_mtime_ns)
        if present == self._known:
            return
        self._known = present
        self._order = order = Order(**json.loads(self._path.read_text()))
        if self._trace >= 0:
            os.close(self._trace)
        # A daemon that a life itself has started goes on counting.
        before = read_trace(Path(order.trace))
        self._counts[CHANGE] = len(before.changes)
        self._counts[CALL], self._counts[LOOK] = len(before.calls), len(before.looks)
        self._trace = os.open(order.trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
        self._point, self._failing = parse(order.point), None

    def _disarm(self) -> None:
        point, self._point = self._point, None
        os.rename(self._path, fired(self._path))
        if point is not None and point.step:
            Order(str(NOWHERE), self._order.trace, point.step).give(self._path)

    def _moment(self, number: int, moment: str) -> None:
        with self._lock:
            point = self._point
            if point is None or (point.number, point.moment) != (number, moment):
                return
            self._disarm()
        if point.what == "executor":
            _end_executor()
            return
        os.kill(os.getpid() if point.what == "daemon" else os.getppid(), signal.SIGKILL)
        while True:
            signal.pause()  # the master's death is ours, in a moment


def _end_executor() -> None:
    """Kill the master's executor and wait until it is dead."""
    master = os.getppid()
    for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        # Started by descriptor, it has no name of its own but its first argument.
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"portod-executor\0"):
            descriptor = os.pidfd_open(int(pid))
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            select.select([descriptor], [], [])
            os.close(descriptor)
            return  # younger ones are launches in their setup


class Faulty:
    """A port whose calls fail when the gate says so."""

    def __init__(self, name: str, port: Any, gate: Gate) -> None:
        self._name, self._port, self._gate = name, port, gate

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._port, attribute)
        name = f"{self._name}.{attribute}"
        if not callable(found) or name in INFALLIBLE:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            failure = self._gate.failure(name)
            if failure is None:
                return found(*arguments, **named)
            if self._name == _RECORDS:
                # The store speaks for itself.
                with _failing(RecordDirectory, ("write", "unlink"), failure):
                    return found(*arguments, **named)
            if name in _MASTER:
                with _failing(link, ("send",), failure):
                    return found(*arguments, **named)
            raise failure

        return call


@contextlib.contextmanager
def _failing(owner: object, names: Sequence[str], failure: OSError) -> Iterator[None]:
    """Let these functions of a class or module fail."""

    def fail(*_: object, **__: object) -> None:
        raise failure

    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(mock.patch.object(owner, name, fail))
        yield


def main() -> int:
    """Run porto's daemon with the gate in it."""
    gate = Gate(Path(sys.argv.pop(1)))
    steps = Steps(gate.step)
    sys.addaudithook(steps)
    plain = carrier.carry

    def carry(change: Change, ports: Ports) -> None:
        gate.carry(plain, change, ports)

    carrier.carry = carry
    send = link.send

    def step(sock: socket.socket, body: bytes, fds: Sequence[int] = ()) -> None:
        # What follows the first line is the operations of a launch.
        steps("link.send", (body.partition(b"\n")[0].decode(),))
        send(sock, body, fds)

    link.send = step
    # Only now: whoever imports the name gets ours.
    from porto.cli import daemon

    def ports(**members: Any) -> Ports:
        faulty: dict[str, Any] = {
            name: port if name in INFALLIBLE_PORTS else Faulty(name, port, gate)
            for name, port in members.items()
        }
        return Ports(**faulty)

    async def last_step(*arguments: Any, **named: Any) -> None:
        await leftovers.remove_leftovers(*arguments, **named)
        steps.end()

    with mock.patch.multiple(daemon, Ports=ports, remove_leftovers=last_step):
        return daemon.main(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
