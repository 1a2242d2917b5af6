"""The master's end of the link: what waits for a slow daemon, and what goes with it."""

import os
import socket
from collections.abc import Iterator

import pytest

from porto.launcher import link
from porto.launcher.daemon_link import DaemonLink
from porto.launcher.poll import Poll


class Daemon:
    """The other end, and the link to it with more said than the socket takes."""

    def __init__(self) -> None:
        ours, self.sock = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self.poll = Poll()
        self.lost = 0
        self.link = DaemonLink(
            ours, self.poll, obey=lambda *_: None, lost=self._lose, log=lambda _: None
        )
        self.before = set(os.listdir("/proc/self/fd"))
        for number in range(3000):
            self.link.tell(["exited", number])

    def _lose(self) -> None:
        self.lost += 1

    def hear(self) -> link.Packet:
        """The next message; lets the master send more while there is none."""
        while True:
            try:
                return link.receive(self.sock)
            except BlockingIOError:
                self.poll.wait(0)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    made = Daemon()
    yield made
    made.link.close()
    made.sock.close()


def test_a_descriptor_that_waits_is_a_copy(daemon: Daemon) -> None:
    fd = os.memfd_create("portotest")
    os.write(fd, b"pinned")
    daemon.link.tell(["descriptor"], (fd,))
    os.close(fd)  # the pin is released meanwhile
    for number in range(3000):
        assert daemon.hear().message == ["exited", number]
    packet = daemon.hear()
    assert packet.message == ["descriptor"]
    assert os.pread(packet.fds[0], 10, 0) == b"pinned"
    packet.close()
    daemon.poll.wait(0)
    assert set(os.listdir("/proc/self/fd")) == daemon.before


@pytest.mark.parametrize("gone", [False, True])
def test_what_nobody_hears_is_closed(daemon: Daemon, gone: bool) -> None:
    with open("/dev/null", "rb") as file:
        daemon.link.tell(["descriptor"], (file.fileno(),))
    left = daemon.before
    if gone:
        daemon.sock.close()
        left = {fd for fd in daemon.before if os.path.exists(f"/proc/self/fd/{fd}")}
        daemon.poll.wait(0)
        assert daemon.lost == 1
    daemon.link.close()
    assert len(set(os.listdir("/proc/self/fd")) - left) == 0
