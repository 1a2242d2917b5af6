"""Readers of disk input and output, from the cgroups; the host's from /proc/totals.

Merged by `readers.py`. Manual section "Disk IO".
"""

from collections.abc import Callable, Mapping

from porto.kernel.block.disks import is_physical
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.io import Rows
from porto.kernel.host import totals
from porto.observers.sources import Computed, Reader, RootReader, Sources
from porto.observers.viewer import Viewer
from porto.spec.codecs.disks import FS
from porto.spec.codecs.syntax import join_map
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import InvalidValue, NotSupported, by_errno

TOTAL = "hw"
WRITEBACK = "total_writeback"
SECTOR = 512
MS = 1_000_000

_Pick = Callable[[int, int], int]
_Look = Callable[[Sources, Group], Rows]
_Extra = Callable[[Sources, Group], Mapping[str, int]]


def _reads(reads: int, writes: int) -> int:
    return reads


def _writes(reads: int, writes: int) -> int:
    return writes


def _both(reads: int, writes: int) -> int:
    return reads + writes


def _transferred(sources: Sources, group: Group) -> Rows:
    return sources.driver.io.transferred(group)


def _operations(sources: Sources, group: Group) -> Rows:
    return sources.driver.io.operations(group)


def _service_time(sources: Sources, group: Group) -> Rows:
    return sources.driver.io.service_time(group)


def _nothing(sources: Sources, group: Group) -> Mapping[str, int]:
    return {}


def _filesystem(field: int) -> _Extra:
    def extra(sources: Sources, group: Group) -> Mapping[str, int]:
        counted = sources.driver.io.filesystem(group)
        return {} if counted is None else {FS: counted[field]}

    return extra


_fs_written = _filesystem(1)


def _written(sources: Sources, group: Group) -> Mapping[str, int]:
    underway = sources.driver.io.writeback(group)
    found = _fs_written(sources, group)
    return {**found, WRITEBACK: underway} if underway else found


def _named(sources: Sources, rows: Rows, pick: _Pick) -> dict[str, int]:
    """Values by name of the disk, without zeros, with the total."""
    names = sources.kernel.disks.names(rows) if rows else {}
    found = {TOTAL: 0}
    for number, (reads, writes) in rows.items():
        value, name = pick(reads, writes), names.get(number, "")
        if value and name and not name.startswith("ram"):
            found[name] = value
            if is_physical(name):
                found[TOTAL] += value
    return found


def _format(values: Mapping[str, int]) -> str:
    return join_map((name, str(values[name])) for name in sorted(values))


def _element(
    sources: Sources, property_: str, subject: str, index: str, rows: Rows, pick: _Pick
) -> str:
    """The value of one disk, or of all that a path means."""
    refusal = f"cannot get {property_}[{index}] of {subject}"
    if index == FS:
        raise NotSupported(f"{refusal}: this kernel does not count at filesystem level")
    try:
        disks = sources.kernel.disks.find(index)
    except OSError as error:
        raise InvalidValue(f"{refusal}: {error.strerror}") from error
    return str(sum(pick(*rows.get(disk, (0, 0))) for disk in disks))


def _reader(property_: str, look: _Look, pick: _Pick, extra: _Extra) -> Reader:
    def read(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
        group = sources.group(record.name)
        try:
            rows = look(sources, group)
            added = extra(sources, group)
        except OSError as error:
            raise by_errno(error, f"cannot get {property_} of {record.name}") from error
        if index is None:
            return _format({**_named(sources, rows, pick), **added})
        if index == TOTAL:
            return str(_named(sources, rows, pick)[TOTAL])
        if index in added or (index == WRITEBACK and extra is _written):
            return str(added.get(index, 0))
        return _element(sources, property_, record.name, index, rows, pick)

    return read


def _host_rows(sources: Sources, columns: tuple[int, int], unit: int) -> Rows:
    """Two columns of the kernel's table by disk, partitions included."""
    found = sources.kernel.totals.disks(columns)
    return {disk: (reads * unit, writes * unit) for disk, (reads, writes) in found.items()}


def _root_reader(property_: str, columns: tuple[int, int], unit: int, pick: _Pick) -> RootReader:
    def read(sources: Sources, index: str | None, viewer: Viewer) -> str:
        try:
            rows = _host_rows(sources, columns, unit)
        except OSError as error:
            raise by_errno(error, f"cannot get {property_} of {ROOT}") from error
        if index is None:
            return _format(_named(sources, rows, pick))
        if index == TOTAL:
            return str(_named(sources, rows, pick)[TOTAL])
        return _element(sources, property_, ROOT, index, rows, pick)

    return read


READERS: Mapping[str, Reader] = {
    "io_read": _reader("io_read", _transferred, _reads, _filesystem(0)),
    "io_write": _reader("io_write", _transferred, _writes, _written),
    "io_ops": _reader("io_ops", _operations, _both, _filesystem(2)),
    "io_read_ops": _reader("io_read_ops", _operations, _reads, _nothing),
    "io_write_ops": _reader("io_write_ops", _operations, _writes, _nothing),
    "io_time": _reader("io_time", _service_time, _both, _nothing),
}

ROOT_READERS: Mapping[str, RootReader] = {
    "io_read": _root_reader("io_read", totals.SECTORS, SECTOR, _reads),
    "io_write": _root_reader("io_write", totals.SECTORS, SECTOR, _writes),
    "io_ops": _root_reader("io_ops", totals.OPERATIONS, 1, _both),
    "io_read_ops": _root_reader("io_read_ops", totals.OPERATIONS, 1, _reads),
    "io_write_ops": _root_reader("io_write_ops", totals.OPERATIONS, 1, _writes),
    "io_time": _root_reader("io_time", totals.MILLISECONDS, MS, _both),
}

COMPUTED: Mapping[str, Computed] = {}
