"""Invented machines for the tests of CPU sets: as plain data and as a sysfs tree."""

from collections.abc import Iterable
from pathlib import Path

from porto.kernel.host.topology import Topology
from porto.spec.cpulist import each_cpu, format_cpus


def machine(
    cpus: int = 8, *, threads: int = 1, nodes: int = 1, offline: Iterable[int] = ()
) -> Topology:
    """Neighbours share a core; nodes are equal parts, in order."""
    online = (1 << cpus) - 1
    for cpu in offline:
        online &= ~(1 << cpu)
    whole = (1 << threads) - 1
    size = cpus // nodes
    part = (1 << size) - 1
    return Topology(
        online=online,
        cores={cpu: whole << (cpu // threads * threads) & online for cpu in each_cpu(online)},
        nodes={number: part << (number * size) & online for number in range(nodes)},
    )


def write_sysfs(root: Path, topology: Topology) -> None:
    """The files of /sys/devices/system that tell this topology."""
    (root / "cpu").mkdir(parents=True, exist_ok=True)
    (root / "cpu" / "online").write_text(format_cpus(topology.online) + "\n")
    for cpu, core in topology.cores.items():
        directory = root / "cpu" / f"cpu{cpu}" / "topology"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "thread_siblings_list").write_text(format_cpus(core) + "\n")
    for number, cpus in topology.nodes.items():
        directory = root / "node" / f"node{number}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "cpulist").write_text(format_cpus(cpus) + "\n")
