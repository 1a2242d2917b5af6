"""Readers of cgroup controllers and of the cgroups' places.

Merged by `readers.py`. Manual section "CGROUPS".
"""

from collections.abc import Mapping
from functools import lru_cache

from porto.kernel.cgroup.group import Group
from porto.observers.sources import Computed, Reader, RootReader, Sources
from porto.observers.viewer import Viewer
from porto.spec.codecs import ControllersCodec, TextMapCodec
from porto.spec.codecs.controllers import ordered
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import BY_CODE, InvalidValue
from porto.spec.prop import Rejected

_MAP = TextMapCodec()
_SET = ControllersCodec()


def _controllers(sources: Sources, record: ContainerRecord) -> object:
    return ordered(sources.controllers.enabled(record.name))


def _paths(group: Group, index: str | None, subject: str, controllers: frozenset[str]) -> str:
    """One directory, or all: those of every controller that the host has."""
    if index is None:
        return _MAP.format(tuple((w, group.directories[w]) for w in _sorted(controllers)))
    path = group.directories.get(index) if index in controllers else None
    try:
        return _MAP.get_index((), index) if path is None else path
    except Rejected as refusal:
        raise _refused("cgroups", index, subject, refusal) from refusal


@lru_cache(maxsize=8)
def _sorted(controllers: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(controllers))


def _cgroups(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
    group = sources.group(record.name)
    return _paths(group, index, record.name, sources.driver.controllers)


def _root_cgroups(sources: Sources, index: str | None, viewer: Viewer) -> str:
    return _paths(sources.group(ROOT), index, ROOT, sources.driver.controllers)


def _root_controllers(sources: Sources, index: str | None, viewer: Viewer) -> str:
    value = ordered(sources.driver.controllers)
    try:
        return _SET.format(value) if index is None else _SET.get_index(value, index)
    except Rejected as refusal:
        raise _refused("controllers", index, ROOT, refusal) from refusal


def _refused(name: str, index: str | None, subject: str, refusal: Rejected) -> Exception:
    error = BY_CODE.get(refusal.code, InvalidValue)
    return error(f"cannot get {name}[{index}] of {subject}: {refusal.reason}")


READERS: Mapping[str, Reader] = {"cgroups": _cgroups}

ROOT_READERS: Mapping[str, RootReader] = {
    "cgroups": _root_cgroups,
    "controllers": _root_controllers,
}

COMPUTED: Mapping[str, Computed] = {"controllers": _controllers}
