"""Clients that misbehave, and what the daemon's process looks like from outside.

Used by the kernel tests of hostile input and of leaks.
"""

import contextlib
import os
import socket
from pathlib import Path
from typing import Any

from porto.wire import rpc_pb2
from porto.wire.framing import frame
from tests.patience import patient

TIMEOUT_S = patient(60)


class Peer:
    """A raw connection: bytes out, whole answers in."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Bytes as they are; a daemon that has hung up already is not an error here."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def send_ahead(self, data: bytes) -> int:
        """As many whole copies of `data` as fit without anybody reading; their number."""
        self.socket.setblocking(False)
        number = 0
        left = memoryview(data)
        while True:
            try:
                left = left[self.socket.send(left) :]
            except BlockingIOError:
                self.socket.settimeout(TIMEOUT_S)
                return number
            if not left:
                number += 1
                left = memoryview(data)

    def receive(self) -> "rpc_pb2.TContainerResponse":
        """The next answer."""
        size = shift = 0
        while True:
            byte = self._exactly(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        return rpc_pb2.TContainerResponse.FromString(self._exactly(size))

    def call(self, request: "rpc_pb2.TContainerRequest") -> "rpc_pb2.TContainerResponse":
        """One request and its answer."""
        self.send(frame(request.SerializePartialToString()))
        return self.receive()

    def hung_up(self) -> bool:
        """Whether the daemon closes the connection without another byte."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def silent(self) -> bool:
        """Whether nothing has arrived, not even an end."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT_S)
        return False

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            data = self.socket.recv(min(1 << 20, size - len(found)))
            if not data:
                raise ConnectionResetError("the daemon hung up")
            found += data
        return bytes(found)


def request(method: str, **fields: Any) -> "rpc_pb2.TContainerRequest":
    """A request for one method."""
    made = rpc_pb2.TContainerRequest()
    inner = getattr(made, method)
    inner.SetInParent()
    for name, value in fields.items():
        if isinstance(value, list | tuple):
            getattr(inner, name).extend(value)
        else:
            setattr(inner, name, value)
    return made


def open_files(pid: int) -> int:
    """Descriptors that a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_kb(pid: int) -> int:
    """VmRSS in kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no VmRSS")


def children(pid: int) -> dict[int, str]:
    """State letter of each child process, by pid."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stat = Path(f"/proc/{child}/stat").read_text()
                found[int(child)] = stat.rpartition(")")[2].split()[0]
    return found
