"""What a test may need of the machine: the words of the `needs` marker.

``@pytest.mark.needs("root", "cgroup-v1", "kernel>=5.14")``. `reason` answers why a need
is not met here, or None; an unknown word is an error, so that a typing mistake cannot
skip a test for ever. Called by tests/conftest.py.
"""

import functools
import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path


class UnknownNeed(ValueError):
    """A word that is in none of the tables below."""


@functools.cache
def mounts() -> tuple[tuple[str, str, str], ...]:
    """(mount point, file system type, super options) of every mount we see."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        found.append((left.split(" ")[4], kind, options))
    return tuple(found)


def _root() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


def _no_root() -> str | None:
    return None if os.geteuid() != 0 else "must not be root"


def _v1_controllers() -> set[str]:
    return {
        word for _, kind, options in mounts() if kind == "cgroup" for word in options.split(",")
    }


def _v2_controllers() -> set[str] | None:
    """Controllers of the unified hierarchy, None when it is not mounted."""
    for point, kind, _ in mounts():
        if kind == "cgroup2":
            return set(Path(point, "cgroup.controllers").read_text().split())
    return None


def _cgroup_v1() -> str | None:
    return None if "freezer" in _v1_controllers() else "no cgroup v1 freezer hierarchy is mounted"


def _cgroup_v2() -> str | None:
    """The unified hierarchy as the only one: freezer and counters live in it."""
    if _v2_controllers() is None:
        return "no cgroup v2 is mounted"
    return "cgroup v1 rules here" if "freezer" in _v1_controllers() else None


def _cgroup2_mounted() -> str | None:
    return "no cgroup v2 is mounted" if _v2_controllers() is None else None


def _cgroup() -> str | None:
    if "freezer" in _v1_controllers() or _v2_controllers() is not None:
        return None
    return "no cgroup hierarchy is mounted"


def _disk() -> str | None:
    """A disk to break: $PORTO_TEST_DISK, mounted at $PORTO_TEST_DISK_DIR; tests/vm has one."""
    return None if os.environ.get("PORTO_TEST_DISK") else "no scratch disk (PORTO_TEST_DISK)"


def _kvm() -> str | None:
    return None if os.access("/dev/kvm", os.W_OK) else "no usable /dev/kvm"


_WORDS: dict[str, Callable[[], str | None]] = {
    "root": _root,
    "no-root": _no_root,
    "cgroup": _cgroup,
    "cgroup-v1": _cgroup_v1,
    "cgroup-v2": _cgroup_v2,
    "cgroup2-mounted": _cgroup2_mounted,
    "disk": _disk,
    "kvm": _kvm,
}


def _kernel(version: str) -> str | None:
    def numbers(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", text)[:3])

    here = platform.release()
    return None if numbers(here) >= numbers(version) else f"kernel {here} is older than {version}"


def _controller(name: str) -> str | None:
    if name in _v1_controllers() or name in (_v2_controllers() or set()):
        return None
    return f"no cgroup controller {name} here"


def _tool(name: str) -> str | None:
    return None if shutil.which(name) else f"{name} is not installed"


def _filesystem(name: str) -> str | None:
    known = {line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()}
    return None if name in known else f"the kernel has no file system {name}"


def _capability(name: str) -> str | None:
    numbers = {"sys_resource": 24, "sys_admin": 21, "net_admin": 12, "mknod": 27, "setuid": 7}
    if name not in numbers:
        raise UnknownNeed(f"unknown capability {name!r}, one of {', '.join(sorted(numbers))}")
    held = re.search(r"^CapEff:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    if held is not None and int(held[1], 16) >> numbers[name] & 1:
        return None
    return f"lacks CAP_{name.upper()}"


_PREFIXES: dict[str, Callable[[str], str | None]] = {
    "kernel>=": _kernel,
    "controller:": _controller,
    "tool:": _tool,
    "filesystem:": _filesystem,
    "capability:": _capability,
}


@functools.cache
def reason(need: str) -> str | None:
    """Why `need` is not met on this machine, None when it is; raises `UnknownNeed`."""
    if need in _WORDS:
        return _WORDS[need]()
    for prefix, probe in _PREFIXES.items():
        if need.startswith(prefix) and len(need) > len(prefix):
            return probe(need.removeprefix(prefix))
    known = ", ".join([*_WORDS, *(f"{prefix}..." for prefix in _PREFIXES)])
    raise UnknownNeed(f"unknown need {need!r}, known are: {known}")
