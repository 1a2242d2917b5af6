"""Who holds which CPUs at present, as the knobs tell: for a daemon that has just started.

Called by `host.py` once, so that nobody moves because of a restart.
"""

from collections.abc import Callable, Mapping, Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.host.topology import Topology
from porto.reconcilers.host.cpuset.requests import Request, Share
from porto.spec.containers.names import parent_name
from porto.spec.cpulist import each_cpu, parse_cpus


def recover(
    requests: Mapping[str, Request],
    members: Sequence[str],
    topology: Topology,
    driver: CgroupDriver,
    locate: Callable[[str], Group],
) -> Mapping[str, Share]:
    """The shares of those with exclusive CPUs, by name.

    A reserve shows in no knob of its own, but in what its siblings without a wish lack.
    """

    def configured(name: str) -> int:
        try:
            return parse_cpus(driver.cpuset.configured(locate(name)))
        except (OSError, ValueError):
            return 0

    found: dict[str, Share] = {}
    reserving: dict[str, list[str]] = {}
    held: dict[str, int] = {}
    for name, request in requests.items():
        parent = parent_name(name)
        if request.kind == "reserve":
            reserving.setdefault(parent, []).append(name)
        elif request.is_exclusive:
            affinity = reserved = configured(name) & topology.online
            if request.kind == "cores":
                for cpu in each_cpu(affinity):
                    reserved |= topology.cores[cpu]
            found[name] = Share(affinity, reserved)
            held[parent] = held.get(parent, 0) | reserved
    for parent, names in reserving.items():
        free = _free_of(parent, requests, members, configured, locate)
        for name in names:
            affinity = configured(name) or topology.online
            if free:
                found[name] = Share(affinity, affinity & ~free & ~held.get(parent, 0))
    return found


def _free_of(
    parent: str,
    requests: Mapping[str, Request],
    members: Sequence[str],
    configured: Callable[[str], int],
    locate: Callable[[str], Group],
) -> int:
    """The CPUs that a parent's children without a wish have."""
    for name in members:
        if parent_name(name) == parent and name not in requests and locate(name).owns("cpuset"):
            return configured(name)
    return 0
