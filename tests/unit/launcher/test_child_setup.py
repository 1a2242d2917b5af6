"""What a child says, and what becomes of its launch. The child is the test itself."""

import errno
import os
import socket
import struct
from collections.abc import Iterator

import pytest

from porto.kernel import syscalls
from porto.launcher.child_setup import Setup, SetupFailed, restore
from porto.launcher.pins import Namespaces
from porto.launcher.roster import Child, read_start

US = os.getpid()


class Speaker:
    """The other end of a launch's status socket."""

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.setup = Setup("a:1", ours, 5.0)

    def say(self, kind: bytes, number: int = 0, text: bytes = b"") -> None:
        self._theirs.send(struct.pack("=ci", kind, number) + text)

    def end(self) -> None:
        self._theirs.close()

    def hear(self) -> bytes:
        """What the master says: nothing, at the end of its words."""
        return self._theirs.recv(1)

    def heard(self) -> Child | Namespaces | SetupFailed | None:
        self.setup.read()
        return self.setup.outcome()


@pytest.fixture
def child() -> Iterator[Speaker]:
    made = Speaker()
    yield made
    made.end()
    made.setup.close()


def told(outcome: object) -> tuple[object, ...]:
    assert isinstance(outcome, SetupFailed)
    return outcome.op, outcome.errno, outcome.subject


def test_a_program_runs_at_the_end_of_file(child: Speaker) -> None:
    child.say(b"B")
    assert child.heard() is None
    assert (child.setup.pid, child.setup.start) == (US, read_start(US))
    child.say(b"P", 7)
    assert child.heard() is None
    child.end()
    kept = child.heard()
    assert isinstance(kept, Child)
    assert kept.state() == ["a:1", US, read_start(US), US, read_start(US), 7, False, None]


def test_a_task_runs_when_its_parent_says_so(child: Speaker) -> None:
    child.say(b"B")
    child.say(b"T", 2)
    assert child.heard() is None  # its exec may fail yet
    child.say(b"R")
    kept = child.heard()
    assert isinstance(kept, Child)
    assert (kept.task_pid, kept.vpid, kept.reaper) == (US, 2, True)


def test_a_reaper_without_a_task_runs_at_the_end_of_file(child: Speaker) -> None:
    child.say(b"B")
    child.say(b"R")
    assert child.heard() is None
    child.end()
    kept = child.heard()
    assert isinstance(kept, Child)
    assert kept.launched() == ["launched", "a:1", US, read_start(US), 0, 0, 0]


@pytest.mark.parametrize("before", [b"P", b"T", b""])
def test_a_failure_counts_when_the_child_is_reaped(child: Speaker, before: bytes) -> None:
    child.say(b"B")
    if before:
        child.say(before, 2)
    child.say(b"F", 2, b"Execute\0a\0b\xff")
    child.end()
    assert child.heard() is None
    child.setup.reaped = 1 << 8
    assert told(child.heard()) == ("Execute", 2, os.fsdecode(b"a\0b\xff"))


def test_a_run_is_over_when_its_child_is_reaped(child: Speaker) -> None:
    before = set(os.listdir("/proc/self/fd"))
    child.say(b"B")
    child.say(b"N", syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC)
    assert child.heard() is None  # it holds what it held
    assert child.hear() == b""  # but may go
    child.end()
    assert child.heard() is None
    child.setup.reaped = 0
    found = child.heard()
    assert isinstance(found, dict)
    assert {os.readlink(f"/proc/self/fd/{fd}") for fd in found.values()} == {
        os.readlink(f"/proc/self/ns/{name}") for name in ("uts", "ipc")
    }
    child.setup.close()  # nobody has taken them
    assert len(set(os.listdir("/proc/self/fd")) - before) == 0


def test_namespaces_that_cannot_be_kept_are_a_failure(child: Speaker) -> None:
    child.say(b"B")
    child.say(b"N", 0x100)
    assert child.heard() is None
    assert child.hear() == b""
    child.setup.reaped = 0
    assert told(child.heard()) == ("Finish", errno.EINVAL, "namespaces 0x100")


def test_a_failure_before_birth_counts_at_once(child: Speaker) -> None:
    child.say(b"F", 22, b"clone3\0namespaces")
    assert told(child.heard()) == ("clone3", 22, "namespaces")


def test_an_end_without_a_word(child: Speaker) -> None:
    child.end()
    assert told(child.heard()) == ("setup", 0, "the launched child: never born")


@pytest.mark.parametrize(("status", "how"), [(9, "killed by signal 9"), (1 << 8, "exit code 1")])
def test_an_end_in_the_middle(child: Speaker, status: int, how: str) -> None:
    child.say(b"B")
    child.end()
    assert child.heard() is None
    child.setup.reaped = status
    assert told(child.heard()) == ("setup", 0, f"the launched child: {how}")


@pytest.mark.parametrize("words", [b"B", b"BT", b"BTR", b"BP", b"BF", b""])
def test_the_next_master_goes_on(child: Speaker, words: bytes) -> None:
    for kind in words:
        child.say(bytes([kind]), 3)
    child.setup.read()
    child.setup.reaped = 0
    status = child.setup.status.detach()
    child.setup.status = socket.socket(fileno=os.dup(status))  # closed by the fixture
    state = child.setup.state()
    state[0][1] = status
    again = restore(state)
    try:
        assert not os.get_inheritable(status)
        assert again.state() == state
    finally:
        again.close()
