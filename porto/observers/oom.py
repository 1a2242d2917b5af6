"""Readers of the OOM killer's counters, from the cgroups.

Merged by `readers.py`. Manual section "Memory"; admin-guide/cgroup-v1/memory.rst.
"""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.observers.viewer import Viewer
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import InvalidState, by_errno


def _own_kills(sources: Sources, record: ContainerRecord, name: str) -> int:
    try:
        return sources.driver.oom.kills(sources.group(record.name))
    except OSError as error:
        raise by_errno(error, f"cannot get {name} of {record.name}") from error


def _oom_kills(sources: Sources, record: ContainerRecord) -> str:
    return str(_own_kills(sources, record, "oom_kills"))


def _oom_kills_total(sources: Sources, record: ContainerRecord) -> str:
    total = 0
    for inner in (record, *sources.store.descendants(record.name)):
        total += inner.status.oom.oom_kills_before
        running = inner.status.life.state is not State.STOPPED
        if running and sources.group(inner.name).owns("memory"):
            total += _own_kills(sources, inner, "oom_kills_total")
    return str(total)


def _host_kills(sources: Sources) -> str:
    return str(sources.kernel.totals.vmstat().get("oom_kill", 0))


def _killed(sources: Sources, record: ContainerRecord) -> str:
    return "true" if record.status.oom.oom_killed else "false"


def _host_killed(sources: Sources, index: str | None, viewer: Viewer) -> str:
    raise InvalidState("cannot get oom_killed of /: the host is not dead")


READERS: Mapping[str, Reader] = {
    "oom_killed": plain("oom_killed", _killed),
    "oom_kills": plain("oom_kills", _oom_kills),
    "oom_kills_total": plain("oom_kills_total", _oom_kills_total),
}

ROOT_READERS: Mapping[str, RootReader] = {
    "oom_killed": _host_killed,
    "oom_kills": plain_root("oom_kills", _host_kills),
    "oom_kills_total": plain_root("oom_kills_total", _host_kills),
}

COMPUTED: Mapping[str, Computed] = {}
