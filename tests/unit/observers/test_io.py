"""Readings of disks: by name, in total, by path; the host's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.host import totals
from porto.observers import io
from porto.observers.readers import Readers
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import InvalidState, InvalidValue, NotSupported
from tests.fakes.cgroupfs import SPLIT
from tests.fakes.ports import make_kernel
from tests.unit.kernel.block.block_tree import BlockTree
from tests.unit.observers.hosts import Host

BYTES = "8:0 Read 10\n8:0 Write 4\n7:0 Write 3\n1:0 Read 9\n254:0 Read 5\n9:9 Read 7\nTotal 38\n"
COUNTS = "8:0 Read 2\n8:0 Write 1\n254:0 Read 1\nTotal 4\n"
STAT = "8:0 rbytes=10 wbytes=4 rios=2 wios=1\n7:0 wbytes=3\n1:0 rbytes=9\n254:0 rbytes=5 rios=1\n"
DISKSTATS = """\
   8       0 sda 7 0 2 3 5 0 4 6 0 0 0
   8       1 sda1 7 0 2 3 5 0 4 6 0 0 0
 254       0 vda 1 0 8 1 0 0 0 0 0 0 0
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0
"""


@pytest.fixture
def tree(tmp_path: Path) -> BlockTree:
    (tmp_path / "blocks").mkdir()
    made = BlockTree(tmp_path / "blocks")
    numbers = {"sda": "8:0", "sdb": "8:16", "vda": "254:0", "loop0": "7:0", "ram0": "1:0"}
    for name, number in numbers.items():
        made.disk(name, number)
    made.partition("sda", "sda1", "8:1")
    made.disk("dm-0", "253:0", slaves=("sda1", "vda"))
    made.mount("253:0", str(made.files), "ext4", "/dev/mapper/x")
    return made


@pytest.fixture(params=["v1", "v2"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, tree: BlockTree
) -> Iterator[tuple[Host, ContainerRecord]]:
    host = Host(tmp_path, SPLIT if request.param == "v1" else ("v2",))
    host.kernel = make_kernel(host.driver, disks=tree.disks)
    host.readers = Readers(host.store, host.kernel, host.config, dict)
    record = host.make("a", state=State.RUNNING)
    host.made("a")
    group = host.driver.locate("a", lambda name: host.driver.controllers)
    directory = Path(group.directories["blkio"])
    if request.param == "v1":
        (directory / "blkio.throttle.io_service_bytes_recursive").write_text(BYTES)
        (directory / "blkio.throttle.io_serviced_recursive").write_text(COUNTS)
    else:
        (directory / "io.stat").write_text(STAT)
    yield host, record
    host.fake.close()


Get = Callable[..., str]


@pytest.fixture
def get(world: tuple[Host, ContainerRecord]) -> Get:
    host, record = world
    return lambda name, index=None: host.get(record, name, index)


def test_maps(get: Get) -> None:
    assert get("io_read") == "hw: 15; sda: 10; vda: 5"
    assert get("io_write") == "hw: 4; loop0: 3; sda: 4"
    assert get("io_ops") == "hw: 4; sda: 3; vda: 1"
    assert get("io_read_ops") == "hw: 3; sda: 2; vda: 1"
    assert get("io_write_ops") == "hw: 1; sda: 1"
    assert get("io_time") == "hw: 0"


@pytest.mark.parametrize(
    ("index", "value"),
    [("hw", "15"), ("sda", "10"), ("sda1", "10"), ("8:0", "10"), ("sdb", "0"), ("dm-0", "0")],
)
def test_elements(get: Get, index: str, value: str) -> None:
    assert get("io_read", index) == value


def test_a_path_is_all_of_its_disks(get: Get, tree: BlockTree) -> None:
    assert get("io_read", str(tree.files)) == "15"
    assert get("io_ops", str(tree.files)) == "4"
    assert get("io_write", f".{tree.files}") == "4"


@pytest.mark.parametrize("index", ["sdz", "/nowhere", ".nowhere", "a\0", "", "9:9"])
def test_what_is_no_disk_is_refused(get: Get, index: str) -> None:
    with pytest.raises(InvalidValue, match=r"cannot get io_read\[.*\] of a: "):
        get("io_read", index)


@pytest.mark.parametrize("name", sorted(io.READERS))
def test_file_systems_are_not_counted_by_this_kernel(get: Get, name: str) -> None:
    with pytest.raises(NotSupported):
        get(name, "fs")


def test_nothing_is_read_of_a_stopped_container(world: tuple[Host, ContainerRecord]) -> None:
    host, _ = world
    with pytest.raises(InvalidState):
        host.get(host.make("b"), "io_read")


def test_what_is_being_written(world: tuple[Host, ContainerRecord], get: Get) -> None:
    host, _ = world
    assert get("io_write", "total_writeback") == "0"
    group = host.driver.locate("a", lambda name: host.driver.controllers)
    word = "file_writeback" if host.driver.version == "v2" else "total_writeback"
    Path(group.directories["memory"], "memory.stat").write_text(f"x 1\n{word} 4096\n")
    assert get("io_write") == "hw: 4; loop0: 3; sda: 4; total_writeback: 4096"
    assert get("io_write", "total_writeback") == "4096"
    with pytest.raises(InvalidValue):
        get("io_read", "total_writeback")


def test_a_child_without_the_controller_shows_its_ancestor(
    world: tuple[Host, ContainerRecord],
) -> None:
    host, _ = world
    child = host.make("a/b", state=State.RUNNING)
    assert host.get(child, "io_read") == "hw: 15; sda: 10; vda: 5"


def test_the_host(
    world: tuple[Host, ContainerRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, _ = world
    path = tmp_path / "diskstats"
    path.write_text(DISKSTATS)
    monkeypatch.setattr(totals, "DISKSTATS", str(path))
    assert host.get_root("io_read") == "hw: 5120; sda: 1024; vda: 4096"
    assert host.get_root("io_write") == "hw: 2048; sda: 2048"
    assert host.get_root("io_ops") == "hw: 13; sda: 12; vda: 1"
    assert host.get_root("io_time", "sda") == "9000000"
    assert host.get_root("io_read_ops", "hw") == "8"
    assert host.get_root("io_write_ops", "sda1") == "5"
    with pytest.raises(InvalidValue):
        host.get_root("io_read", "sdz")
