"""CPUs, cores and nodes read from a sysfs tree."""

from pathlib import Path

from porto.kernel.host.topology import Topology, read_online, read_topology
from porto.spec.cpulist import each_cpu
from tests.fakes.cpus import machine, write_sysfs


def test_what_was_written_is_read(tmp_path: Path) -> None:
    for topology in (
        machine(1),
        machine(8, threads=2, nodes=2),
        machine(8, threads=2, nodes=4, offline=[1, 6, 7]),
    ):
        directory = tmp_path / str(id(topology))
        write_sysfs(directory, topology)
        assert read_topology(str(directory)) == topology


def test_a_machine_without_numa_and_without_siblings(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "online").write_text("0,2\n")
    assert read_online(str(tmp_path)) == "0,2"
    assert read_topology(str(tmp_path)) == Topology(online=5, cores={0: 1, 2: 4}, nodes={0: 5})


def test_an_offline_sibling_is_no_sibling(tmp_path: Path) -> None:
    write_sysfs(tmp_path, machine(4, threads=2))
    (tmp_path / "cpu" / "online").write_text("0-2\n")
    found = read_topology(str(tmp_path))
    assert found.cores == {0: 3, 1: 3, 2: 4}
    assert found.nodes == {0: 7}


def test_this_machine() -> None:
    found = read_topology()
    assert found.online
    assert set(found.cores) == set(each_cpu(found.online))
    assert all(core >> cpu & 1 and not core & ~found.online for cpu, core in found.cores.items())
