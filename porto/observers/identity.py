"""Readers of names and numbers of containers, and of properties inherited by name.

Merged by `readers.py`. Manual sections "Name" and "Security"; what is
inherited follows from `spec/containers/effective.py`.
"""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.spec.containers import effective
from porto.spec.containers.kind import ID_ROOT
from porto.spec.containers.names import ROOT, level, parent_name
from porto.spec.containers.record import ContainerRecord

PREFIX = "/porto/"


def absolute_name(name: str) -> str:
    """The full name with the /porto/ prefix."""
    return name if name == ROOT else PREFIX + name


def _namespace(sources: Sources, record: ContainerRecord) -> str:
    return PREFIX + effective.namespace(sources.lineage(record), effective.READING_ENDS)


def _enable_porto(sources: Sources, record: ContainerRecord) -> str:
    return effective.enable_porto(sources.lineage(record))


def _cwd(sources: Sources, record: ContainerRecord) -> str:
    return effective.cwd(sources.lineage(record), sources.config.paths.work)


def _parent(sources: Sources, record: ContainerRecord) -> str:
    return absolute_name(parent_name(record.name))


READERS: Mapping[str, Reader] = {
    "absolute_name": plain("absolute_name", lambda _, record: PREFIX + record.name),
    "absolute_namespace": plain("absolute_namespace", _namespace),
    "parent": plain("parent", _parent),
    "id": plain("id", lambda _, record: str(record.id)),
    "level": plain("level", lambda _, record: str(level(record.name))),
}

ROOT_READERS: Mapping[str, RootReader] = {
    "absolute_name": plain_root("absolute_name", lambda _: ROOT),
    "absolute_namespace": plain_root("absolute_namespace", lambda _: PREFIX),
    "parent": plain_root("parent", lambda _: ""),
    "id": plain_root("id", lambda _: str(ID_ROOT)),
    "level": plain_root("level", lambda _: "0"),
}

COMPUTED: Mapping[str, Computed] = {"cwd": _cwd, "enable_porto": _enable_porto}
