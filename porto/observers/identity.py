"""Readers of names and numbers of containers, and of properties inherited by name.

Merged by `readers.py`. Manual sections "Name" and "Security"; the working directory
follows the same rule as `facets/identity.py`.
"""

import os
from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.spec.containers.kind import ID_ROOT
from porto.spec.containers.names import ROOT, level, parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import PROPERTIES

PREFIX = "/porto/"
_NAMESPACE_ENDS = ("isolate", "self-isolate", "read-isolate")
_WEAK_ACCESS = ("read-only", "read-isolate")
_ENABLE_PORTO = PROPERTIES["enable_porto"]


def absolute_name(name: str) -> str:
    """The full name with the /porto/ prefix."""
    return name if name == ROOT else PREFIX + name


def namespace(sources: Sources, record: ContainerRecord) -> str:
    """Prefix of the names that the container's processes see, "" for none."""
    collected = ""
    for container in (record, *sources.store.ancestors(record)):
        access = container.spec.access
        if access.enable_porto in _NAMESPACE_ENDS:
            return f"{container.name}/{collected}"
        collected = access.porto_namespace + collected
    return collected


def effective_access(sources: Sources, record: ContainerRecord) -> str:
    """enable_porto; one that was not set follows from the parent's."""
    if record.spec.is_set(_ENABLE_PORTO):
        return record.spec.access.enable_porto
    parent = sources.store.parent(record)
    if parent is None:
        return record.spec.access.enable_porto
    inherited = effective_access(sources, parent)
    if inherited == "false":
        return inherited
    return "read-only" if inherited in _WEAK_ACCESS else record.spec.access.enable_porto


def effective_cwd(sources: Sources, record: ContainerRecord) -> str:
    """The working directory.

    Relative ones are joined upward to the first absolute one; where there is none it is
    the container's own directory.
    """
    if not record.spec.process.cwd and record.spec.process.virt_mode == "os":
        return "/"
    path = record.spec.process.cwd
    container: ContainerRecord | None = record
    while container is not None:
        if path.startswith("/"):
            return os.path.normpath(path)
        container = sources.store.parent(container)
        if container is not None and container.spec.process.cwd:
            path = os.path.join(container.spec.process.cwd, path)
    return f"{sources.config.paths.work}/{record.name}"


def _parent(sources: Sources, record: ContainerRecord) -> str:
    return absolute_name(parent_name(record.name))


READERS: Mapping[str, Reader] = {
    "absolute_name": plain("absolute_name", lambda _, record: PREFIX + record.name),
    "absolute_namespace": plain(
        "absolute_namespace", lambda sources, record: PREFIX + namespace(sources, record)
    ),
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

COMPUTED: Mapping[str, Computed] = {"cwd": effective_cwd, "enable_porto": effective_access}
