"""The package's two C programs, the reaper and the executor, as descriptors.

Called by executor.py at the master's start. A binary is copied into a sealed memfd without
read permission: so a container's root cannot write to the file through /proc/1/exe, and a
reaper that runs as another user than root is not dumpable from its first instruction on.
A package that is replaced under a running master changes nothing, too. man 2 memfd_create,
execve (ptrace and dumpable).
"""

import fcntl
import os

from porto.kernel.syscalls import MFD_ALLOW_SEALING, MFD_CLOEXEC, MFD_EXEC

_HERE = os.path.dirname(os.path.abspath(__file__))
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def open_program(name: str, title: str) -> int:
    """A descriptor to execute the program `name` by; /proc/PID/exe shows the title.

    Raises OSError, ENOENT when it was never built.
    """
    path = os.path.join(_HERE, name)
    with open(path, "rb", buffering=0) as file:
        try:
            fd = _memfd(title)
        except OSError:
            # vm.memfd_noexec forbids it: the file itself then.
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        while os.sendfile(fd, file.fileno(), None, 1 << 20):
            pass
    os.fchmod(fd, 0o111)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd


def _memfd(title: str) -> int:
    try:
        return os.memfd_create(title, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC)
    except OSError:
        return os.memfd_create(title, MFD_CLOEXEC | MFD_ALLOW_SEALING)  # before 6.3
