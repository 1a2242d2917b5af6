"""Sizes of the virtual memory of processes, from /proc/PID/status.

Offered by `processes.py`, asked by `observers/memory.py`. Format: man 5
proc_pid_status, the lines that begin with Vm, in units of 1024 bytes.
"""

import os
import re
from collections.abc import Iterable

_READ = os.O_RDONLY | os.O_CLOEXEC
_SIZE = 16384
_LINE = re.compile(r"^(Vm\w+):\s+(\d+)", re.MULTILINE | re.ASCII)


def virtual_memory(pids: Iterable[int]) -> dict[str, int]:
    """The sums in bytes over the processes that still are, by the kernel's words.

    Kernel threads have no such lines.
    """
    sums: dict[str, int] = {}
    for pid in pids:
        for word, amount in _sizes(pid):
            sums[word] = sums.get(word, 0) + amount
    return sums


def _sizes(pid: int) -> Iterable[tuple[str, int]]:
    try:
        descriptor = os.open(f"/proc/{pid}/status", _READ)
    except FileNotFoundError:
        return
    try:
        data = os.read(descriptor, _SIZE)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)
    for word, number in _LINE.findall(data.decode("ascii", "replace")):
        yield word, int(number) * 1024
