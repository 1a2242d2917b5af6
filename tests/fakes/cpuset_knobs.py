"""The cpuset controller of the fake kernel: lists of CPUs and memory nodes, nested.

Used by `cgroupfs.py`. The fake host has CPUs 0-1 and memory node 0. tests/contract/
proves what the kernel does with the same lines.
"""

import errno
import os
from pathlib import Path

from porto.spec.cpulist import format_cpus, parse_cpus

CPUS = "cpuset.cpus"
MEMS = "cpuset.mems"
EFFECTIVE_V1 = "cpuset.effective_cpus"
EFFECTIVE_V2 = "cpuset.cpus.effective"
MEMS_V2 = "cpuset.mems.effective"
HOST = {CPUS: "0-1", MEMS: "0"}

V1 = {CPUS: "", MEMS: "", EFFECTIVE_V1: ""}
V1_ROOT = {**HOST, EFFECTIVE_V1: HOST[CPUS]}
V2 = {CPUS: "", MEMS: "", EFFECTIVE_V2: ""}
V2_ROOT = {EFFECTIVE_V2: HOST[CPUS], MEMS_V2: HOST[MEMS]}


def read(directory: str, name: str) -> str | None:
    """What an effective knob says; None for all others."""
    if name == EFFECTIVE_V1:
        return Path(directory, CPUS).read_text()
    if name == EFFECTIVE_V2 and Path(directory, CPUS).exists():
        return format_cpus(_effective(directory)) + "\n"
    return None


def write(directory: str, name: str, text: str, *, v2: bool, tasks: bool) -> bool:
    """Write a list as the kernel does; False for other knobs. `tasks`: there are some."""
    if name not in HOST:
        return False
    try:
        mask = parse_cpus(text)
    except ValueError:
        raise _error(errno.EINVAL, directory) from None
    if mask & ~parse_cpus(HOST[name]):
        raise _error(errno.EINVAL if name == CPUS or v2 else errno.EACCES, directory)
    if not v2:
        _check_nesting(directory, name, mask)
    if tasks and not mask and _list(directory, name):
        raise _error(errno.ENOSPC, directory)
    Path(directory, name).write_text(format_cpus(mask) + "\n")
    return True


def _check_nesting(directory: str, name: str, mask: int) -> None:
    with os.scandir(directory) as entries:
        children = [entry.path for entry in entries if entry.is_dir()]
    if any(_list(child, name) & ~mask for child in children):
        raise _error(errno.EBUSY, directory)
    if mask & ~_list(os.path.dirname(directory), name):
        raise _error(errno.EACCES, directory)


def _effective(directory: str) -> int:
    if not Path(directory, CPUS).exists():
        top = Path(directory, EFFECTIVE_V2)
        return parse_cpus(top.read_text().strip()) if top.exists() else 0
    above = _effective(os.path.dirname(directory))
    return _list(directory, CPUS) & above or above


def _list(directory: str, name: str) -> int:
    return parse_cpus(Path(directory, name).read_text().strip())


def _error(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)
