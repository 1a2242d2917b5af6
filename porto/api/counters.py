"""The daemon's counters: what GetSystem and the property porto_stat show.

Filled by every room through `protocols.Counters`; read by `handlers/system.py` and by
the observer of porto_stat. Counters live in a mapped file of the runtime directory,
so they survive the death of the daemon at any instruction; without a path they live
in memory. Gauges are functions that are asked at each reading and never stored.

What the original counts and nothing here can count is named in `UNCOUNTED`, with the
reason; it is shown as 0.

The file is an array of slots, one counter each: its name, padded with zero bytes,
then an unsigned 64-bit number. A file of another shape is started afresh.
"""

import mmap
import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from porto.spec.errors import InvalidValue

_NAME_BYTES = 40
_SLOT = struct.Struct(f"<{_NAME_BYTES}sQ")
_NUMBER = struct.Struct("<Q")
_SLOTS_MAX = 256
_SIZE = _SLOT.size * _SLOTS_MAX
_WRAP = 1 << 64

COUNTERS = (
    "spawned",
    "errors",
    "warnings",
    "fatals",
    "start_timeouts",
    "remove_dead",
    "restore_failed",
    "log_lines",
    "log_bytes",
    "log_lines_lost",
    "log_bytes_lost",
    "log_open",
    "log_rotate_bytes",
    "log_rotate_errors",
    "containers_created",
    "containers_started",
    "containers_failed_start",
    "containers_oom",
    "drift_repaired",
    "clients_connected",
    "clients_refused",
    "clients_dropped",
    "requests_completed",
    "requests_failed",
    "requests_longer_1s",
    "requests_longer_3s",
    "requests_longer_30s",
    "requests_longer_5m",
    "fail_system",
    "fail_invalid_value",
    "fail_invalid_command",
    "fail_memory_guarantee",
    "fail_invalid_netaddr",
)
"""Counters that exist from the start; others appear when they are first added to."""

_VOLUMES = "this daemon makes no volumes"
_LAYERS = "this daemon keeps no layers"
_NETWORKS = "this daemon makes no networks"
_TAINTS = "no configuration is judged here: what is allowed is no taint"
UNCOUNTED: Mapping[str, str] = {
    "taints": _TAINTS,
    "containers_tainted": _TAINTS,
    "cgerrors": "what the kernel refuses is an error of its facet, told and shown there",
    "postfork_issues": "children are made by a program of one thread, whole or not at all",
    "volumes": _VOLUMES,
    "volumes_created": _VOLUMES,
    "volumes_failed": _VOLUMES,
    "volume_links": _VOLUMES,
    "volume_links_mounted": _VOLUMES,
    "volume_lost": _VOLUMES,
    "layer_import": _LAYERS,
    "layer_export": _LAYERS,
    "layer_remove": _LAYERS,
    "networks": _NETWORKS,
    "networks_created": _NETWORKS,
    "network_problems": _NETWORKS,
    "network_repairs": _NETWORKS,
}
"""What is shown as 0 because nothing counts it, and why."""

KEPT = frozenset({"spawned"})
"""Counters that a client may not clear."""

Gauge = Callable[[], int]


class DaemonCounters:
    """Implements `protocols.Counters`; used from the daemon's event loop only."""

    def __init__(self, path: Path | None = None) -> None:
        self._memory: mmap.mmap | bytearray = _map(path) if path else bytearray(_SIZE)
        self._offsets: dict[str, int] = {}
        self._gauges: dict[str, Gauge] = {}
        self._load()
        for name in COUNTERS:
            self._offset(name)

    def add(self, name: str, amount: int = 1) -> None:
        """Count something; counters wrap at 64 bits."""
        offset = self._offsets.get(name)
        if offset is None:
            offset = self._offset(name)
        value = _NUMBER.unpack_from(self._memory, offset)[0]
        _NUMBER.pack_into(self._memory, offset, (value + amount) % _WRAP)

    def gauge(self, name: str, ask: Gauge) -> None:
        """Show a number that is asked for at each reading."""
        self._gauges[name] = ask

    def snapshot(self) -> Mapping[str, int]:
        """All counters, gauges and what is not counted, by name, sorted."""
        values = dict.fromkeys(UNCOUNTED, 0)
        values.update(
            (name, _NUMBER.unpack_from(self._memory, offset)[0])
            for name, offset in self._offsets.items()
        )
        values.update((name, ask()) for name, ask in self._gauges.items())
        return dict(sorted(values.items()))

    def clear(self, name: str | None) -> None:
        """Reset one counter, or all that may be reset; raises InvalidValue."""
        if name is not None:
            if not any(name in known for known in (self._offsets, self._gauges, UNCOUNTED)):
                raise InvalidValue(f"cannot clear statistic {name!r}: no such counter")
            if name in KEPT or name in self._gauges:
                raise InvalidValue(f"cannot clear statistic {name!r}: it is not resettable")
        for key, offset in self._offsets.items():
            if key not in KEPT and name in (None, key):
                _NUMBER.pack_into(self._memory, offset, 0)

    def close(self) -> None:
        """Let the file go; the counters stay in it."""
        if isinstance(self._memory, mmap.mmap):
            self._memory.close()

    def _load(self) -> None:
        for index in range(_SLOTS_MAX):
            offset = index * _SLOT.size
            raw, _ = _SLOT.unpack_from(self._memory, offset)
            name = raw.rstrip(b"\0")
            if not name:
                return
            try:
                text = name.decode("ascii")
            except UnicodeDecodeError:
                text = ""
            if not text.isidentifier() or text in self._offsets:
                self._memory[:_SIZE] = bytes(_SIZE)
                self._offsets.clear()
                return
            self._offsets[text] = offset + _NAME_BYTES

    def _offset(self, name: str) -> int:
        known = self._offsets.get(name)
        if known is not None:
            return known
        index = len(self._offsets)
        if index >= _SLOTS_MAX or len(name) > _NAME_BYTES or not name.isidentifier():
            raise ValueError(f"no room for counter {name!r}")
        _SLOT.pack_into(self._memory, index * _SLOT.size, name.encode("ascii"), 0)
        self._offsets[name] = index * _SLOT.size + _NAME_BYTES
        return self._offsets[name]


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        if os.fstat(descriptor).st_size != _SIZE:
            os.ftruncate(descriptor, 0)
            os.posix_fallocate(descriptor, 0, _SIZE)
        return mmap.mmap(descriptor, _SIZE)
    finally:
        os.close(descriptor)
