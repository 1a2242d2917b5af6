"""Readers of memory, from the cgroups.

Merged by `readers.py`. Manual section "Memory". A container without the controller shows
its nearest ancestor's figures; what the kernel cannot tell is refused before (see
`spec/containers/admission.py`).
"""

from collections.abc import Callable, Iterable, Mapping

from porto.kernel.cgroup.group import Group
from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.observers.viewer import Viewer
from porto.spec.codecs import UintMapCodec
from porto.spec.containers.guarantees import children_total, guarantee_total, limit_total
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import InvalidProperty, by_errno

Figure = Callable[[Sources, Group], int]

_FIGURES: Mapping[str, Figure] = {
    "memory_usage": lambda sources, group: sources.driver.memory.usage(group),
    "anon_usage": lambda sources, group: sources.driver.memory.anon(group),
    "cache_usage": lambda sources, group: sources.driver.memory.cache(group),
    "shmem_usage": lambda sources, group: sources.driver.memory.shmem(group),
    "mlock_usage": lambda sources, group: sources.driver.memory.locked(group),
    "max_rss": lambda sources, group: sources.driver.memory.max_rss(group),
    "anon_max_usage": lambda sources, group: sources.driver.memory.max_rss(group),
    "minor_faults": lambda sources, group: sources.driver.memory.minor_faults(group),
    "major_faults": lambda sources, group: sources.driver.memory.major_faults(group),
    "memory_reclaimed": lambda sources, group: sources.driver.memory.reclaimed(group),
}


def _reader(name: str, figure: Figure) -> Reader:
    def value(sources: Sources, record: ContainerRecord) -> str:
        return _shown(name, record.name, figure, sources)

    return plain(name, value)


def _root_reader(name: str, figure: Figure) -> RootReader:
    return plain_root(name, lambda sources: _shown(name, ROOT, figure, sources))


def _shown(name: str, subject: str, figure: Figure, sources: Sources) -> str:
    try:
        return str(figure(sources, sources.group(subject)))
    except OSError as error:
        raise by_errno(error, f"cannot get {name} of {subject}") from error


def _memory_limit_total(sources: Sources, record: ContainerRecord) -> str:
    ceiling = sources.host.memory
    return str(limit_total(sources.store, record, ceiling, lambda r: r.spec.memory.memory_limit))


def _anon_limit_total(sources: Sources, record: ContainerRecord) -> str:
    ceiling = sources.host.memory
    return str(limit_total(sources.store, record, ceiling, lambda r: r.spec.memory.anon_limit))


def _guarantee_total(sources: Sources, record: ContainerRecord) -> str:
    return str(guarantee_total(sources.store, record))


def _virtual(sources: Sources, index: str | None, subject: str, pids: Iterable[int]) -> str:
    sums = sources.kernel.processes.virtual_memory(pids)
    if index is None:
        return UintMapCodec().format(tuple(sorted(sums.items())))
    if index not in sums:
        raise InvalidProperty(f"cannot get virtual_memory[{index[:40]}] of {subject}: no such sum")
    return str(sums[index])


def _virtual_memory(
    sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer
) -> str:
    try:
        pids = sources.driver.subtree_processes(sources.group(record.name))
    except OSError as error:
        raise by_errno(error, f"cannot get virtual_memory of {record.name}") from error
    return _virtual(sources, index, record.name, pids)


def _root_virtual_memory(sources: Sources, index: str | None, viewer: Viewer) -> str:
    return _virtual(sources, index, ROOT, sources.kernel.processes.host_pids())


def _ram(sources: Sources) -> str:
    return str(sources.host.memory)


READERS: Mapping[str, Reader] = {
    **{name: _reader(name, figure) for name, figure in _FIGURES.items()},
    "virtual_memory": _virtual_memory,
    "memory_limit_total": plain("memory_limit_total", _memory_limit_total),
    "memory_guarantee_total": plain("memory_guarantee_total", _guarantee_total),
    "anon_limit_total": plain("anon_limit_total", _anon_limit_total),
}

ROOT_READERS: Mapping[str, RootReader] = {
    **{name: _root_reader(name, figure) for name, figure in _FIGURES.items()},
    "virtual_memory": _root_virtual_memory,
    "memory_limit": plain_root("memory_limit", _ram),
    "memory_limit_total": plain_root("memory_limit_total", _ram),
    "anon_limit_total": plain_root("anon_limit_total", _ram),
    "memory_guarantee_total": plain_root(
        "memory_guarantee_total", lambda sources: str(children_total(sources.store, ROOT))
    ),
}

COMPUTED: Mapping[str, Computed] = {}
