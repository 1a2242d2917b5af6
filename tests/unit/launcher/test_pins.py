"""What the master keeps of namespaces: descriptors of its own, counted, handed over whole."""

import errno
import os

import pytest

from porto.kernel import syscalls
from porto.launcher.pins import Pins, identities, open_namespaces

UTS, NET = syscalls.CLONE_NEWUTS, syscalls.CLONE_NEWNET


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_the_namespaces_of_a_process_are_opened_and_named() -> None:
    found = open_namespaces(os.getpid(), UTS | NET)
    assert set(found) == {UTS, NET}
    uts, net = os.stat("/proc/self/ns/uts"), os.stat("/proc/self/ns/net")
    assert sorted(identities(found)) == sorted(
        [[UTS, uts.st_dev, uts.st_ino], [NET, net.st_dev, net.st_ino]]
    )
    assert not any(os.get_inheritable(fd) for fd in found.values())
    for fd in found.values():
        os.close(fd)
    assert open_namespaces(os.getpid(), 0) == {}


@pytest.mark.parametrize(
    ("pid", "flags", "code"),
    [
        (None, UTS | syscalls.CLONE_NEWPID, errno.EINVAL),
        (None, UTS | 1, errno.EINVAL),
        (0x7FFFFFF, UTS | NET, errno.ENOENT),
    ],
)
def test_all_or_none(pid: int | None, flags: int, code: int) -> None:
    before = descriptors()
    pid = pid or os.getpid()
    with pytest.raises(OSError) as caught:  # noqa: PT011  the number is what counts
        open_namespaces(pid, flags)
    assert caught.value.errno == code
    assert descriptors() == before


def test_a_failure_in_the_middle_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before, opened, really = descriptors(), [], os.open

    def refuse(path: str, flags: int) -> int:
        if opened:
            raise OSError(errno.EMFILE, "Too many open files")
        opened.append(path)
        return really(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many"):
        open_namespaces(os.getpid(), UTS | NET)
    assert len(opened) == 1
    assert descriptors() == before


def test_a_pin_is_kept_until_it_is_released() -> None:
    before = descriptors()
    pins = Pins(limit=10)
    namespaces = open_namespaces(os.getpid(), UTS | NET)
    pins.enter("n:1", namespaces)
    assert "n:1" in pins
    assert pins.all() == [("n:1", namespaces)]
    assert pins.descriptor("n:1", NET) == namespaces[NET]
    assert pins.descriptor("n:1", syscalls.CLONE_NEWIPC) is None
    assert pins.descriptor("n:2", NET) is None
    pins.release("n:1")
    pins.release("n:1")
    assert "n:1" not in pins
    assert descriptors() == before


def test_a_run_that_keeps_nothing_is_no_pin() -> None:
    pins = Pins(limit=10)
    pins.enter("n:1", {})
    assert "n:1" not in pins


def test_no_more_than_so_many_descriptors() -> None:
    pins = Pins(limit=3)
    pins.enter("n:1", open_namespaces(os.getpid(), UTS | NET))
    more = open_namespaces(os.getpid(), UTS | NET)
    with pytest.raises(OSError, match="Too many") as caught:
        pins.enter("n:2", more)
    assert caught.value.errno == errno.EMFILE
    assert "n:2" not in pins
    one = open_namespaces(os.getpid(), UTS)
    pins.enter("n:3", one)
    pins.release("n:1")
    pins.enter("n:2", more)
    for name in ("n:2", "n:3"):
        pins.release(name)


def test_the_next_master_has_them() -> None:
    before = descriptors()
    pins, after = Pins(limit=10), Pins(limit=10)
    namespaces = open_namespaces(os.getpid(), UTS | NET)
    pins.enter("n:1", namespaces)
    state = pins.state()
    assert all(os.get_inheritable(fd) for fd in namespaces.values())
    after.restore(state)
    assert not any(os.get_inheritable(fd) for fd in namespaces.values())
    assert after.all() == [("n:1", namespaces)]
    after.release("n:1")
    assert descriptors() == before
