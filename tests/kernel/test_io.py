"""Disk limits, weights and counters through the whole daemon, on real disks.

Limits are of the test's own containers only, so any disk will do; what is written goes
to files of the tests' own.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import porto
from porto.exceptions import InvalidState, InvalidValue, NotSupported
from porto.kernel.block.disks import Disks
from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.io import DiskLimit
from porto.kernel.cgroup.probe import probe
from porto.spec.containers.admission import unsupported
from tests.patience import until

pytestmark = pytest.mark.needs("root", "cgroup")

MIB = 1 << 20
DISKS = Disks()


class Knobs:
    """The knobs of a daemon's containers, as somebody else sees them."""

    def __init__(self, daemon, conn: "porto.Connection") -> None:
        self.driver: CgroupDriver = probe(daemon.cgroup)
        self.lacking = self.driver.unsupported()
        self.unsupported = unsupported(self.lacking)
        self._conn = conn

    def need(self, property_: str) -> None:
        """Skip where the kernel lacks it."""
        if property_ in self.unsupported:
            pytest.skip(self.unsupported[property_])

    def group(self, name: str) -> Group:
        return self.driver.locate(
            name, lambda full: frozenset(self._conn.GetProperty(full, "controllers").split(";"))
        )

    def differing(self, name: str, texts: dict[str, str]) -> dict[str, str]:
        """Knobs that do not say so."""
        group = self.group(name)
        have = {
            knob: self.driver.canonical(knob, self.driver.read(group, "blkio", knob))
            for knob in texts
        }
        return {knob: have[knob] for knob, text in texts.items() if have[knob] != text}

    def limited(self, name: str, limits: dict[str, DiskLimit]) -> bool:
        return self.differing(name, dict(self.driver.io.render_limits(limits))) == {}

    def meddle(self, group: Group, limits: dict[str, DiskLimit]) -> None:
        """Write the knobs by hand."""
        for knob, want in self.driver.io.render_limits(limits).items():
            have = self.driver.canonical(knob, self.driver.read(group, "blkio", knob))
            for text in self.driver.io.texts(knob, want, have):
                self.driver.write(group, "blkio", knob, text)


@dataclass
class Disk:
    """A disk with a file system that is mounted at `directory`."""

    number: str
    name: str
    directory: Path


@pytest.fixture
def knobs(daemon, conn) -> Knobs:
    return Knobs(daemon, conn)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A directory of the test's own on exactly one disk."""
    for place in (os.environ.get("PORTO_TEST_DISK_DIR"), "/var/tmp"):
        try:
            numbers = DISKS.find(place) if place else ()
        except OSError:
            continue
        if place and len(numbers) == 1:
            break
    else:
        pytest.skip("no directory on a disk")
    directory = Path(place) / f"portotest-{os.getpid()}-io"
    directory.mkdir()
    yield Disk(numbers[0], DISKS.names(numbers)[numbers[0]], directory)
    shutil.rmtree(directory)


def run(conn: "porto.Connection", name: str, **values: str):
    container = conn.Create(name)
    container["command"] = "sleep 1000"
    for key, value in values.items():
        container[key] = value
    container.Start()
    return container


def both(bps: int) -> DiskLimit:
    return DiskLimit(read_bps=bps, write_bps=bps)


# -- limits ------------------------------------------------------------------


def test_a_limit_is_in_force_from_the_start(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    run(conn, "a", io_limit=f"{disk.name}: 10M", io_ops_limit=f"{disk.directory} r: 100")
    limit = DiskLimit(10 * MIB, 10 * MIB, 100, 0)
    assert knobs.limited("a", {disk.number: limit})
    assert conn.GetProperty("a", "io_limit") == f"{disk.name}: {10 * MIB}"
    assert conn.GetProperty("a", f"io_limit[{disk.name}]") == str(10 * MIB)
    assert conn.GetProperty("a", f"io_ops_limit[{disk.directory} r]") == "100"


@pytest.mark.parametrize("key", ["name", "number", "directory", "in the root", "device"])
def test_a_disk_has_many_names(conn, knobs, disk, key: str) -> None:
    knobs.need("io_limit")
    container = run(conn, "a")
    text = {
        "name": disk.name,
        "number": disk.number.replace(":", "\\:"),
        "directory": str(disk.directory),
        "in the root": f".{disk.directory}",
        "device": f"/dev/{disk.name}",
    }[key]
    container["io_limit"] = f"{text} w: 1M"
    assert knobs.limited("a", {disk.number: DiskLimit(write_bps=MIB)})
    container["io_limit"] = ""
    assert knobs.limited("a", {})


@pytest.mark.needs("disk")
def test_a_partition_is_its_disk(conn, knobs) -> None:
    knobs.need("io_limit")
    whole = os.path.basename(os.environ["PORTO_TEST_DISK"])
    container = run(conn, "a", io_limit=f"{whole}1 r: 3M")
    (number,) = DISKS.find(whole)
    assert knobs.limited("a", {number: DiskLimit(read_bps=3 * MIB)})
    container["io_limit"] = f"{os.environ['PORTO_TEST_DISK_DIR']}: 4M"
    assert knobs.limited("a", {number: both(4 * MIB)})


def test_live_changes(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    container = run(conn, "a", io_limit=f"{disk.name}: 10M")
    container["io_limit"] = f"{disk.name} r: 5M"
    assert knobs.limited("a", {disk.number: DiskLimit(read_bps=5 * MIB)})
    container[f"io_limit[{disk.name} w]"] = "6M"
    assert knobs.limited("a", {disk.number: DiskLimit(5 * MIB, 6 * MIB)})
    container[f"io_limit[{disk.name} r]"] = ""
    assert knobs.limited("a", {disk.number: DiskLimit(0, 6 * MIB)})
    container["io_ops_limit"] = f"{disk.name}: 50; {disk.directory} w: 20"
    assert knobs.limited("a", {disk.number: DiskLimit(0, 6 * MIB, 50, 20)})
    container["io_limit"] = f"{disk.name}: 0"
    container["io_ops_limit"] = ""
    assert knobs.limited("a", {})


def test_limits_are_there_again_after_a_stop(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    container = run(conn, "a", io_limit=f"{disk.name}: 10M")
    container.Stop()
    container["io_limit"] = f"{disk.name}: 20M"
    container.Start()
    assert knobs.limited("a", {disk.number: both(20 * MIB)})


def test_a_limit_gives_a_child_the_controller(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    run(conn, "a")
    child = run(conn, "a/b", io_limit=f"{disk.name}: 10M")
    assert knobs.limited("a/b", {disk.number: both(10 * MIB)})
    assert knobs.limited("a", {})
    assert "blkio" in child["controllers"].split(";")


def test_drift_is_put_back(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    run(conn, "a", io_limit=f"{disk.name}: 10M")
    group = knobs.group("a")
    knobs.meddle(group, {disk.number: both(1 * MIB)})
    until(lambda: knobs.limited("a", {disk.number: both(10 * MIB)}), "a limit is not put back")
    knobs.meddle(group, {})
    until(lambda: knobs.limited("a", {disk.number: both(10 * MIB)}), "a removed limit stays away")


def test_what_has_vanished_is_told_and_its_limit_stays(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    path = disk.directory / "path"
    path.mkdir()
    container = run(conn, "a", io_limit=f"{path}: 10M")
    path.rmdir()
    with pytest.raises(InvalidValue, match=f"io_limit of a to .*{path}: No such file"):
        container["io_ops_limit"] = f"{disk.name}: 5"
    assert container["io_ops_limit"] == ""
    assert knobs.limited("a", {disk.number: both(10 * MIB)})
    path.mkdir()
    container["io_ops_limit"] = f"{disk.name}: 5"
    limit = DiskLimit(10 * MIB, 10 * MIB, 5, 5)
    until(lambda: knobs.limited("a", {disk.number: limit}), "the limit does not come")


def test_a_restarted_daemon_keeps_and_repairs_limits(own_daemon, disk) -> None:
    conn = own_daemon.connection()
    knobs = Knobs(own_daemon, conn)
    knobs.need("io_limit")
    run(conn, "a", io_limit=f"{disk.name}: 10M")
    group = knobs.group("a")
    old = own_daemon.kill("daemon")
    knobs.meddle(group, {disk.number: DiskLimit(read_iops=1)})
    own_daemon.await_new_daemon(old)
    until(lambda: knobs.limited("a", {disk.number: both(10 * MIB)}), "the limit is not put back")


@pytest.fixture
def loop(disk: Disk) -> Iterator[Disk]:
    """A file system in a file of the test's own."""
    if shutil.which("losetup") is None or shutil.which("mkfs.ext4") is None:
        pytest.skip("no losetup or mkfs.ext4")
    image, mounted = disk.directory / "image", disk.directory / "mounted"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    command = ["mkfs.ext4", "-q", "-F", str(image)]
    subprocess.run(command, check=True, capture_output=True)
    made = subprocess.run(
        ["losetup", "-f", "--show", str(image)], check=False, capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    device = made.stdout.strip()
    try:
        subprocess.run(["mount", "-t", "ext4", device, str(mounted)], check=True)
        try:
            name = os.path.basename(device)
            yield Disk(DISKS.find(name)[0], name, mounted)
        finally:
            subprocess.run(["umount", str(mounted)], check=True)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)


def test_a_loop_device_by_name_and_by_path(conn, knobs, disk, loop) -> None:
    knobs.need("io_limit")
    container = run(conn, "a", io_limit=f"{loop.name}: 7M")
    assert knobs.limited("a", {loop.number: both(7 * MIB)})
    container["io_limit"] = f"{loop.directory}: 8M"
    assert knobs.limited("a", {disk.number: both(8 * MIB)})
    container["io_limit"] = f"{loop.name} r: 1M; {disk.name} w: 2M; {loop.directory}: 3M"
    assert knobs.limited(
        "a", {loop.number: DiskLimit(MIB), disk.number: DiskLimit(3 * MIB, 2 * MIB)}
    )


# -- weights -----------------------------------------------------------------


def test_weights(conn, knobs) -> None:
    knobs.need("io_weight")
    container = run(conn, "a", io_weight="2")
    assert knobs.differing("a", dict(knobs.driver.io.render_weight("none", 2.0))) == {}
    container["io_policy"] = "batch"
    assert knobs.differing("a", dict(knobs.driver.io.render_weight("batch", 2.0))) == {}
    container["io_policy"] = "none"
    container["io_weight"] = "1"
    assert knobs.differing("a", dict(knobs.driver.io.render_weight("none", 1.0))) == {}
    assert conn.GetProperty("a", "io_weight") == "1"


def test_a_policy_needs_no_weights(conn) -> None:
    container = run(conn, "a", io_policy="idle")
    for policy in ("batch", "normal", "high", "none"):
        container["io_policy"] = policy
        assert container["io_policy"] == policy
    container["io_policy"] = ""
    assert container["io_policy"] == "none"


# -- refused values ----------------------------------------------------------


@pytest.mark.parametrize("started", [False, True])
def test_what_is_on_no_disk_is_refused(conn, knobs, disk, started: bool) -> None:
    knobs.need("io_limit")
    kept = f"{disk.name}: {10 * MIB}"
    container = run(conn, "a", io_limit=kept)
    if not started:
        container.Stop()
    for name in ("io_limit", "io_ops_limit"):
        before = container[name]
        for text in ("nodisk: 1M", "/nowhere: 1M", ".nowhere r: 1", "4000\\:1: 1", "/proc: 1M",
                     "/dev/shm w: 1M", f"{disk.name}: 1M; nodisk: 1M", f"{disk.name} x: 1M",
                     f"{disk.name}: -1", f"{disk.name}: 12Q", f"{disk.name}"):  # fmt: skip
            with pytest.raises(InvalidValue, match=f"{name} of a"):
                container[name] = text
            assert container[name] == before
        with pytest.raises(InvalidValue):
            container[f"{name}[nodisk]"] = "1M"
        with pytest.raises(InvalidValue):
            conn.GetProperty("a", f"{name}[nodisk]")
    if started:
        assert knobs.limited("a", {disk.number: both(10 * MIB)})


def test_limits_of_file_systems(conn, knobs) -> None:
    container = run(conn, "a")
    if "io.fs" not in knobs.lacking:
        pytest.skip("this kernel has them")
    for text in ("10M", "fs: 10M", "fs r: 1"):
        with pytest.raises(NotSupported, match=r"memory\.fs_bps_limit"):
            container["io_limit"] = text
    assert container["io_limit"] == ""


def test_what_the_kernel_lacks_is_named(conn, knobs) -> None:
    container = run(conn, "a")
    lacking = {name for name in knobs.unsupported if name in ("io_weight", "io_limit", "io_time")}
    for name in lacking:
        with pytest.raises(NotSupported, match=name):
            conn.GetProperty("a", name)
        if name != "io_time":
            with pytest.raises(NotSupported, match=name):
                container[name] = "1"
    assert not lacking & set(conn.Plist())


def test_a_running_child_without_the_controller_gets_no_limit(conn, knobs, disk) -> None:
    knobs.need("io_limit")
    run(conn, "a")
    child = run(conn, "a/b")
    if "blkio" in child["controllers"].split(";"):
        pytest.skip("bound to a controller that all containers have")
    with pytest.raises(NotSupported, match="io_limit of a/b"):
        child["io_limit"] = f"{disk.name}: 1M"
    assert child["io_limit"] == ""


# -- readings ----------------------------------------------------------------


def transfer(conn: "porto.Connection", name: str, disk: Disk) -> None:
    """Write 4 MiB past the cache, and read 2 of them again."""
    file = disk.directory / "data"
    write = f"dd if=/dev/zero of={file} bs=1M count=4 oflag=direct conv=fsync"
    read = f"dd if={file} of=/dev/null bs=1M count=2 iflag=direct"
    container = conn.Create(name)
    container["command"] = f"sh -c '{write} && {read} && sleep 1000'"
    container.Start()
    until(
        lambda: container["stderr"].count("copied") == 2 or container["state"] != "running",
        "nothing is transferred",
    )
    assert container["state"] == "running", container["stderr"]


def test_counters_grow(conn, knobs, disk) -> None:
    knobs.need("io_read")
    transfer(conn, "a", disk)

    def value(name: str, index: str) -> int:
        return int(conn.GetProperty("a", f"{name}[{index}]"))

    for index in (disk.name, disk.number, str(disk.directory), f".{disk.directory}"):
        assert value("io_write", index) >= 4 * MIB
        assert value("io_read", index) >= 2 * MIB
        assert value("io_write_ops", index) >= 4
        assert value("io_read_ops", index) >= 2
        assert value("io_ops", index) == value("io_read_ops", index) + value("io_write_ops", index)
    assert f"{disk.name}: " in conn.GetProperty("a", "io_write")
    if disk.name.startswith(("sd", "vd", "nvme")):
        assert value("io_write", "hw") >= 4 * MIB
        assert conn.GetProperty("a", "io_read").startswith("hw: ")


def test_a_container_that_has_done_nothing_shows_nothing(conn, knobs, disk) -> None:
    knobs.need("io_read")
    container = conn.Create("a")
    with pytest.raises(InvalidState):
        conn.GetProperty("a", "io_read")
    container["command"] = ""
    container.Start()
    assert container["io_read"] == container["io_ops"] == "hw: 0"
    assert conn.GetProperty("a", f"io_read[{disk.name}]") == "0"
    for index in ("nodisk", "/nowhere", ".nowhere"):
        with pytest.raises(InvalidValue):
            conn.GetProperty("a", f"io_read[{index}]")


def test_children_are_part_of_their_parent(conn, knobs, disk) -> None:
    knobs.need("io_read")
    run(conn, "a")
    transfer(conn, "a/b", disk)
    for name in ("a", "a/b"):
        assert int(conn.GetProperty(name, f"io_write[{disk.name}]")) >= 4 * MIB


def test_the_host_counts_all(conn, knobs, disk) -> None:
    knobs.need("io_read")
    transfer(conn, "a", disk)
    for name in ("io_read", "io_write", "io_ops"):
        whole = int(conn.GetProperty("/", f"{name}[{disk.name}]"))
        assert whole >= int(conn.GetProperty("a", f"{name}[{disk.name}]")) > 0
