"""The process at the other end of a connection.

Called by `server.py` at accept. unix(7), SO_PEERCRED: pid, uid and gid as they were
when the peer connected; proc(5) for the start time, which tells a reused pid.
"""

import os
import socket
import struct

_UCRED = struct.Struct("3i")
_START_FIELD = 22


def credentials_of(peer: socket.socket) -> tuple[int, int, int]:
    """Pid, uid and gid of the peer; the pid is 0 when it is not visible here."""
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, gid = _UCRED.unpack(raw)
    return pid, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def start_of(pid: int) -> int:
    """Start time of a process in clock ticks since boot; OSError when it is gone."""
    # The name, field 2, may hold blanks and brackets: count from the last bracket.
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if len(fields) < _START_FIELD - 2:
        raise ProcessLookupError(3, "No such process", f"/proc/{pid}/stat")
    return int(fields[_START_FIELD - 3])


def comm_of(pid: int) -> str:
    """The name of a process; OSError when it is gone."""
    return _read(f"/proc/{pid}/comm").decode(errors="replace").rstrip("\n")
