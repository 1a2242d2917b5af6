"""What follows from a container's properties and its ancestors', once for everybody.

Pure. Asked by the reconcilers, the observers and the API's authority, so that what is
done, shown and allowed is one answer. `lineage` is the container's record and those of its
ancestors, nearest first.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import ContainerSpec, find_property

ROOT_USER = "root"
NULL = "/dev/null"
DESCRIPTOR_PREFIX = "/dev/fd/"
STREAMS = ("stdin", "stdout", "stderr")
READING_ENDS = ("isolate", "self-isolate", "read-isolate")
"""Values of enable_porto at which the view of a container's processes ends."""
WRITING_ENDS = (*READING_ENDS, "child-only")
"""The same for what they may write to."""
_WEAK_ACCESS = ("read-only", "read-isolate")
_ENABLE_PORTO = find_property("enable_porto")
_PATHS = tuple(find_property(f"{name}_path") for name in STREAMS)


def is_os(spec: ContainerSpec) -> bool:
    """Whether it runs an init of its own system."""
    return spec.process.virt_mode == "os"


def is_meta(spec: ContainerSpec) -> bool:
    """Whether it runs no command; an init is one."""
    return not spec.process.command and not is_os(spec)


def owner_names(spec: ContainerSpec) -> tuple[str, str]:
    """User and group of the owner; an owner who was never set is root, "" a user's own group."""
    access = spec.access
    return access.owner_user or ROOT_USER, access.owner_group


def task_names(spec: ContainerSpec) -> tuple[str, str]:
    """User and group of the main task, by default the owner's; an init is root's."""
    if is_os(spec):
        return ROOT_USER, ROOT_USER
    user, group = owner_names(spec)
    process = spec.process
    return process.user or user, process.group or group


def enable_porto(lineage: Sequence[ContainerRecord]) -> str:
    """The access of its processes to porto; one that was not set follows from the parent's."""
    spec = lineage[0].spec
    if spec.is_set(_ENABLE_PORTO) or len(lineage) == 1:
        return spec.access.enable_porto
    inherited = enable_porto(lineage[1:])
    if inherited == "false":
        return inherited
    return "read-only" if inherited in _WEAK_ACCESS else spec.access.enable_porto


def namespace(lineage: Iterable[ContainerRecord], stops: Sequence[str]) -> str:
    """Prefix of the names that a container's processes see, "" for none.

    stops -- values of enable_porto at which the view ends
    """
    collected = ""
    for record in lineage:
        access = record.spec.access
        if access.enable_porto in stops:
            return f"{record.name}/{collected}"
        collected = access.porto_namespace + collected
    return collected


def work_directory(name: str, work: str) -> str:
    """The container's own directory; `work` is that of all containers."""
    return f"{work}/{name}"


def cwd(lineage: Sequence[ContainerRecord], work: str) -> str:
    """The working directory, absolute.

    Relative ones are joined upward to the first absolute one; where there is none it is
    the container's own directory.
    """
    own = lineage[0].spec
    if not own.process.cwd and is_os(own):
        return "/"
    path = ""
    for record in lineage:
        path = os.path.join(record.spec.process.cwd, path)
        if path.startswith("/"):
            return os.path.normpath(path)
    return work_directory(lineage[0].name, work)


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a standard stream of the main task leads.

    path       -- as the task opens it; `NULL` for nowhere, "" for a client's descriptor
    file       -- host path of the file that keeps it, None when there is none
    is_own     -- a default file in the container's own directory, which is ours
    descriptor -- text of a number of the client's descriptors, None for a path
    """

    path: str
    file: str | None = None
    is_own: bool = False
    descriptor: str | None = None


def stream(lineage: Sequence[ContainerRecord], number: int, work: str) -> Stream:
    """Stream 0, 1 or 2; an init's output is discarded unless it is told otherwise."""
    record, prop = lineage[0], _PATHS[number]
    path: str = record.spec.value(prop)
    chosen = record.spec.is_set(prop)
    if not path or path == NULL or (not chosen and is_os(record.spec)):
        return Stream(NULL)
    if path.startswith(DESCRIPTOR_PREFIX):
        return Stream("", descriptor=path.removeprefix(DESCRIPTOR_PREFIX))
    if not chosen:
        return Stream(path, f"{work_directory(record.name, work)}/{path}", is_own=True)
    return Stream(path, os.path.join(cwd(lineage, work), path))
