"""The static reaper's executable, as a descriptor.

Called by master.py at start; execute.py executes it. The binary is copied into a
sealed memfd without read permission: so a container's root cannot write to the file
through /proc/1/exe, and a reaper that runs as another user than root is not dumpable
from its first instruction on. man 2 memfd_create, execve (ptrace and dumpable).
"""

import fcntl
import os

from porto.kernel.syscalls import MFD_ALLOW_SEALING, MFD_CLOEXEC, MFD_EXEC

BINARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reaper")

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def open_reaper() -> int:
    """A descriptor for os.execve. Raises OSError, ENOENT when it was never built."""
    with open(BINARY, "rb") as file:
        data = file.read()
    try:
        fd = _memfd()
    except OSError:
        # vm.memfd_noexec forbids it: the file itself then.
        return os.open(BINARY, os.O_RDONLY | os.O_CLOEXEC)
    os.write(fd, data)
    os.fchmod(fd, 0o111)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd


def _memfd() -> int:
    try:
        return os.memfd_create("portoinit", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC)
    except OSError:
        return os.memfd_create("portoinit", MFD_CLOEXEC | MFD_ALLOW_SEALING)  # before 6.3
