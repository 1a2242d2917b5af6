"""Readers of CPU time and scheduling, from the cgroups.

Merged by `readers.py`. Manual section "CPU". Counters are one file each
(`kernel/cgroup/*/cpu.py`); totals and bounds follow from the specs alone.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.cpu import Cpu
from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.spec.codecs import CpuPower
from porto.spec.codecs.power import CORE
from porto.spec.containers import cpu, effective
from porto.spec.containers.names import ROOT
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import ContainerSpec
from porto.spec.containers.status import ACTIVE, State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import NotSupported, by_errno

_POWER = CpuPower()
_COUNTERS: Mapping[str, Callable[[Cpu, Group], int]] = {
    "cpu_usage": lambda files, group: files.usage(group),
    "cpu_usage_system": lambda files, group: files.usage_system(group),
    "cpu_wait": lambda files, group: files.wait(group),
    "cpu_throttled": lambda files, group: files.throttled(group),
    "cpu_burst_usage": lambda files, group: files.burst_usage(group),
    "cpu_unconstrained_wait": lambda files, group: files.unconstrained_wait(group),
}


def _count(sources: Sources, name: str, container: str) -> str:
    try:
        return str(_COUNTERS[name](sources.driver.cpu, sources.group(container)))
    except OSError as error:
        reason = sources.store.admission.unsupported.get(name)
        if reason is not None:
            raise NotSupported(f"cannot get {name} of {container}: {reason}") from error
        raise by_errno(error, f"cannot get {name} of {container}") from error


def _counter(name: str) -> Reader:
    return plain(name, lambda sources, record: _count(sources, name, record.name))


def _root_counter(name: str) -> RootReader:
    return plain_root(name, lambda sources: _count(sources, name, ROOT))


def lineage(sources: Sources, record: ContainerRecord) -> list[ContainerSpec]:
    """The container's spec and its ancestors', nearest first."""
    return [item.spec for item in sources.lineage(record)]


def limit_total(store: ContainerStore, record: ContainerRecord, cores: int) -> int:
    """What the running containers of the subtree may use together.

    A container with a process counts with its limit, or with all cores; those below share
    that. One without counts as those below do, but not above its limit.
    """
    if record.status.life.state not in ACTIVE:
        return 0
    limit = record.spec.cpu.cpu_limit
    if record.status.life.state is not State.META and not effective.is_meta(record.spec):
        return limit or cores * CORE
    below = _limits(store, record.name, cores)
    return min(limit, below) if limit else below


def _limits(store: ContainerStore, name: str, cores: int) -> int:
    return sum(limit_total(store, child, cores) for child in store.children(name))


def _power(value: int) -> str:
    """Empty for none."""
    return _POWER.format(value) if value else ""


def _root_limit(sources: Sources) -> str:
    return _POWER.format(sources.host.cores * CORE)


READERS: Mapping[str, Reader] = {
    **{name: _counter(name) for name in _COUNTERS},
    "cpu_guarantee_total": plain(
        "cpu_guarantee_total",
        lambda sources, record: _power(cpu.guarantee_total(sources.store, record)),
    ),
    "cpu_guarantee_bound": plain(
        "cpu_guarantee_bound",
        lambda sources, record: _power(cpu.guarantee_bound(lineage(sources, record))),
    ),
    "cpu_limit_total": plain(
        "cpu_limit_total",
        lambda sources, record: _power(limit_total(sources.store, record, sources.host.cores)),
    ),
    "cpu_limit_bound": plain(
        "cpu_limit_bound",
        lambda sources, record: _power(cpu.limit_bound(lineage(sources, record))),
    ),
}

ROOT_READERS: Mapping[str, RootReader] = {
    **{name: _root_counter(name) for name in _COUNTERS},
    "cpu_guarantee_total": plain_root(
        "cpu_guarantee_total", lambda sources: _power(cpu.children_guarantee(sources.store, ROOT))
    ),
    "cpu_guarantee_bound": plain_root("cpu_guarantee_bound", lambda _: ""),
    "cpu_limit": plain_root("cpu_limit", _root_limit),
    "cpu_limit_total": plain_root(
        "cpu_limit_total",
        lambda sources: _power(_limits(sources.store, ROOT, sources.host.cores)),
    ),
    "cpu_limit_bound": plain_root("cpu_limit_bound", _root_limit),
    "cpu_period": plain_root(
        "cpu_period", lambda sources: str(sources.config.container.cpu_period)
    ),
}

COMPUTED: Mapping[str, Computed] = {
    "cpu_period": lambda sources, record: cpu.period(
        lineage(sources, record), sources.config.container.cpu_period
    ),
    "cpu_policy": lambda sources, record: cpu.policy(lineage(sources, record)),
}
