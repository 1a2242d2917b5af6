"""The CPUs of the machine: which are online, which share a core, which are of one node.

Read by `reconcilers/host/cpuset/` and by `observers/cpuset.py`. Sets are numbers as in
`spec/cpulist.py`. Kernel: Documentation/admin-guide/cputopology.rst,
Documentation/ABI/stable/sysfs-devices-node.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from porto.spec.cpulist import each_cpu, parse_cpus

DEVICES = "/sys/devices/system"


@dataclass(frozen=True, slots=True)
class Topology:
    """Plain data about one machine.

    online -- CPUs that run tasks
    cores  -- for each online CPU the online CPUs of its core, itself included
    nodes  -- the online CPUs of each NUMA node
    """

    online: int
    cores: Mapping[int, int]
    nodes: Mapping[int, int]


def read_online(devices: str = DEVICES) -> str:
    """The kernel's list of online CPUs."""
    with open(f"{devices}/cpu/online", encoding="ascii") as lines:
        return lines.read().strip()


def read_topology(devices: str = DEVICES) -> Topology:
    """All of it; a few milliseconds on a large machine.

    A CPU that tells of no siblings is a core of its own; without NUMA there is node 0.
    """
    online = parse_cpus(read_online(devices))
    cores = {}
    for cpu in each_cpu(online):
        siblings = _read_set(f"{devices}/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores[cpu] = siblings & online | 1 << cpu
    nodes = {node: cpus & online for node, cpus in _nodes(f"{devices}/node").items()}
    return Topology(online=online, cores=cores, nodes=nodes or {0: online})


def _nodes(directory: str) -> dict[int, int]:
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return {}
    numbers = sorted(
        int(name[4:]) for name in names if name.startswith("node") and name[4:].isdecimal()
    )
    return {number: _read_set(f"{directory}/node{number}/cpulist") for number in numbers}


def _read_set(path: str) -> int:
    try:
        with open(path, encoding="ascii") as lines:
            return parse_cpus(lines.read().strip())
    except FileNotFoundError:  # taken offline meanwhile
        return 0
