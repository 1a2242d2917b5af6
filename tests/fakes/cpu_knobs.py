"""The cpu controllers of the fake kernel: clamped shares, quotas against those above and below.

Used by `cgroupfs.py`. tests/contract/ proves what the kernel does with the same texts.
"""

import errno
import os
from pathlib import Path

QUOTA_MAX = (1 << 44) - 1
V1 = {
    "cpu.shares": "1024",
    "cpu.idle": "0",
    "cpu.cfs_period_us": "100000",
    "cpu.cfs_quota_us": "-1",
    "cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0\nnr_bursts 0\nburst_time 0",
}
V1_ACCOUNTS = {"cpuacct.usage": "0", "cpuacct.stat": "user 0\nsystem 0"}
V2_ACCOUNTS = "usage_usec 0\nuser_usec 0\nsystem_usec 0"
V2 = {
    "cpu.max": "max 100000",
    "cpu.weight": "100",
    "cpu.idle": "0",
    "cpu.stat": V2_ACCOUNTS + "\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\nburst_usec 0",
}


def write(directory: str, name: str, text: str) -> bool:
    """What a write does; whether the knob is one of these."""
    handler = {
        "cpu.shares": _write_shares,
        "cpu.weight": _write_weight,
        "cpu.idle": _write_idle,
        "cpu.cfs_period_us": _write_period,
        "cpu.cfs_quota_us": _write_quota,
        "cpu.max": _write_max,
    }.get(name)
    if handler is not None:
        handler(directory, text)
    return handler is not None


def _read(directory: str, name: str) -> str:
    return Path(directory, name).read_text().strip()


def _store(directory: str, name: str, value: object) -> None:
    Path(directory, name).write_text(f"{value}\n")


def _refuse(directory: str, code: int = errno.EINVAL) -> OSError:
    return OSError(code, os.strerror(code), directory)


def _write_shares(directory: str, text: str) -> None:
    if _read(directory, "cpu.idle") == "1":
        raise _refuse(directory)
    _store(directory, "cpu.shares", min(max(int(text), 2), 1 << 18))


def _write_weight(directory: str, text: str) -> None:
    if not 1 <= int(text) <= 10_000:
        raise _refuse(directory, errno.ERANGE)
    if _read(directory, "cpu.idle") == "1":
        raise _refuse(directory)
    _store(directory, "cpu.weight", int(text))


def _write_idle(directory: str, text: str) -> None:
    """An idle group has the least weight; one that is not any more has the default."""
    _store(directory, "cpu.idle", int(text))
    for name, least, default in (("cpu.shares", 3, 1024), ("cpu.weight", 0, 100)):
        if Path(directory, name).exists():
            _store(directory, name, least if text == "1" else default)


def _write_period(directory: str, text: str) -> None:
    if not 1000 <= int(text) <= 1_000_000:
        raise _refuse(directory)
    _check(directory, int(_read(directory, "cpu.cfs_quota_us")), int(text))
    _store(directory, "cpu.cfs_period_us", int(text))


def _write_quota(directory: str, text: str) -> None:
    quota = max(int(text), -1)
    if quota != -1 and not 1000 <= quota <= QUOTA_MAX:
        raise _refuse(directory)
    _check(directory, quota, int(_read(directory, "cpu.cfs_period_us")))
    _store(directory, "cpu.cfs_quota_us", quota)


def _check(directory: str, quota: int, period: int) -> None:
    """The kernel lets no group have more than the one above."""

    def ratio(place: str) -> int | None:
        if place == directory:
            mine, of = quota, period
        elif not Path(place, "cgroup.procs").exists() or not Path(place, "cpu.shares").exists():
            return None
        else:
            mine, of = (int(_read(place, f"cpu.cfs_{word}_us")) for word in ("quota", "period"))
        return None if mine < 0 else (mine << 20) // of

    def descend(place: str, above: int | None) -> None:
        own = ratio(place)
        if own is not None and above is not None and own > above:
            raise _refuse(directory)
        for path in sorted(Path(place).iterdir()):
            if path.is_dir():
                descend(str(path), above if own is None else own)

    top = directory
    while Path(os.path.dirname(top), "cpu.shares").exists():
        top = os.path.dirname(top)
    descend(top, None)


def _write_max(directory: str, text: str) -> None:
    words = text.split()
    period = int(words[1]) if len(words) > 1 else int(_read(directory, "cpu.max").split()[1])
    if words[0] != "max" and not 1000 <= int(words[0]) <= QUOTA_MAX:
        raise _refuse(directory)
    if not 1000 <= period <= 1_000_000:
        raise _refuse(directory)
    _store(directory, "cpu.max", f"{words[0]} {period}")
