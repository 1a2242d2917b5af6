"""Limits of disks as knobs: from keys to disks, live changes, drift, disks that vanish."""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from porto.reconcilers.containers.facets.io import COUNTED, Io
from porto.reconcilers.containers.target import Target
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import ContainerStatus, State
from porto.spec.errors import InvalidValue, NoSpace, NotSupported
from tests.fakes.cgroupfs import SPLIT, FakeCgroups
from tests.fakes.ports import apply, make_ports, settle
from tests.unit.kernel.block.block_tree import BlockTree

V1_READ = "blkio.throttle.read_bps_device"
COUNTS = "8:0 Read 0\n8:16 Read 0\n254:0 Read 0\nTotal 0\n"


class Rig:
    """One container, its knobs, invented disks."""

    def __init__(self, root: Path, *hierarchies: str) -> None:
        (root / "cgroup").mkdir()
        self.fake = FakeCgroups(root / "cgroup", hierarchies)
        self.driver: CgroupDriver = probe(
            mountinfo=str(self.fake.mountinfo), knobs=self.fake, members=self.fake
        )
        self.counted = root / "cgroup" / "blkio" / "blkio.throttle.io_serviced"
        if self.counted.exists():
            self.counted.write_text(COUNTS)
        self.tree = BlockTree(root)
        for name, number in (("sda", "8:0"), ("sdb", "8:16"), ("vda", "254:0")):
            self.tree.disk(name, number)
        self.tree.partition("sda", "sda1", "8:1")
        self.tree.mount("8:1", str(self.tree.files), "ext4", "/dev/sda1")
        self.facet = Io(self.driver, self.tree.disks)
        self.ports = make_ports(self.driver)
        self.group: Group = self.driver.locate("a", lambda name: self.driver.controllers)
        self.driver.create(self.group)

    def target(
        self, group: Group | None = None, *, state: str = "running", **values: str
    ) -> Target:
        spec = DEFAULT_SPEC
        for name, text in values.items():
            prop = find_property(name)
            spec = spec.with_value(prop, prop.parse("a", text))
        record = ContainerRecord(
            id=4, name="a", spec=spec, status=ContainerStatus().changed(state=State(state))
        )
        return Target(record=record, lineage=(), group=group or self.group)

    def converge(self, **values: str) -> None:
        """One pass; a second one would change nothing."""
        settle(self.ports, self.facet, self.target(**values))

    def knob(self, name: str) -> str:
        text = self.driver.read(self.group, "blkio", name)
        return self.driver.canonical(name, text)

    def meddle(self, knob: str, text: str) -> None:
        self.driver.write(self.group, "blkio", knob, text)


@pytest.fixture
def v1(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, *SPLIT)
    yield rig
    rig.fake.close()


@pytest.fixture
def v2(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, "v2")
    yield rig
    rig.fake.close()


def test_nothing_set_is_nothing_to_do(v1: Rig) -> None:
    assert v1.facet.plan(v1.target()) == []


def test_nothing_set_is_nothing_to_do_on_v2(v2: Rig) -> None:
    assert v2.facet.plan(v2.target()) == []


def test_limits_of_names_paths_and_partitions(v1: Rig) -> None:
    v1.converge(io_limit=f"{v1.tree.files} r: 5; sdb: 7; vda w: 9", io_ops_limit="sda1: 3")
    assert v1.knob(V1_READ) == "8:0 5\n8:16 7"
    assert v1.knob("blkio.throttle.write_bps_device") == "8:16 7\n254:0 9"
    assert v1.knob("blkio.throttle.read_iops_device") == "8:0 3"
    assert v1.knob("blkio.throttle.write_iops_device") == "8:0 3"


def test_the_same_on_v2(v2: Rig) -> None:
    v2.converge(io_limit=f"{v2.tree.files} r: 5; sdb: 7; vda w: 9", io_ops_limit="sda1: 3")
    assert v2.knob("io.max") == ("8:0 rbps=5 riops=3 wiops=3\n8:16 rbps=7 wbps=7\n254:0 wbps=9")


def test_of_several_limits_of_a_disk_the_strictest_counts(v1: Rig) -> None:
    v1.converge(io_limit="sda: 5; sda1 r: 3; 8\\:0 w: 9; sdb: 0; sdb r: 4")
    assert v1.knob(V1_READ) == "8:0 3\n8:16 4"
    assert v1.knob("blkio.throttle.write_bps_device") == "8:0 5"


def test_a_new_map_replaces_the_old_one(v1: Rig) -> None:
    v1.converge(io_limit="sda: 5; sdb: 6")
    v1.converge(io_limit="sdb: 7")
    assert v1.knob(V1_READ) == "8:16 7"
    v1.converge()
    assert v1.knob(V1_READ) == ""


def test_a_new_map_replaces_the_old_one_on_v2(v2: Rig) -> None:
    v2.converge(io_limit="sda: 5; sdb: 6", io_ops_limit="sda: 5")
    v2.converge(io_limit="sdb: 7")
    assert v2.knob("io.max") == "8:16 rbps=7 wbps=7"
    v2.converge()
    assert v2.knob("io.max") == ""


def test_drift_is_planned_and_put_back(v1: Rig) -> None:
    v1.converge(io_limit="sda: 5")
    v1.meddle(V1_READ, "8:16 9")
    v1.meddle(V1_READ, "8:0 0")
    (change,) = v1.facet.plan(v1.target(io_limit="sda: 5"))
    assert (change.subject, change.want, change.have) == (V1_READ, "8:0 5", "8:16 9")
    v1.converge(io_limit="sda: 5")
    assert v1.knob(V1_READ) == "8:0 5"


def test_drift_of_what_was_never_set_is_put_back_too(v2: Rig) -> None:
    v2.meddle("io.max", "8:0 rbps=5")
    v2.meddle("io.weight", "7")
    v2.converge()
    assert (v2.knob("io.max"), v2.knob("io.weight")) == ("", "100")


def test_weights(v1: Rig) -> None:
    v1.converge(io_policy="high")
    assert v1.knob("blkio.bfq.weight") == "1000"
    v1.converge(io_weight="2.5")
    assert v1.knob("blkio.bfq.weight") == "250"


def test_weights_on_v2(v2: Rig) -> None:
    v2.converge(io_policy="high", io_weight="2")
    assert (v2.knob("io.weight"), v2.knob("io.bfq.weight")) == ("2000", "1000")


def test_a_disk_that_vanishes_is_an_error_and_changes_nothing(v1: Rig) -> None:
    v1.converge(io_limit="sda: 5; sdb: 6")
    for name in ("class/block/sdb", "dev/block/8:16"):
        (v1.tree.sys / name).unlink()
    (v1.tree.root / "dev" / "sdb").unlink()
    with pytest.raises(InvalidValue, match="io_limit of a to 'sda: 5; sdb: 6': sdb: no such disk"):
        v1.facet.plan(v1.target(io_limit="sda: 5; sdb: 6"))
    assert v1.knob(V1_READ) == "8:0 5\n8:16 6"


def test_a_lack_of_memory_is_not_the_values_fault(v1: Rig, monkeypatch: Any) -> None:
    def find(key: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(v1.facet._disks, "find", find)
    with pytest.raises(NoSpace, match=r"^cannot set io_limit of a to 'sda: 5': sda: No space left"):
        v1.facet.plan(v1.target(io_limit="sda: 5"))


def test_a_disk_that_the_kernel_does_not_take_is_named(v1: Rig) -> None:
    v1.tree.disk("sdq", "65:0")
    target = v1.target(io_limit="sdq r: 5")
    (change,) = v1.facet.plan(target)
    with pytest.raises(InvalidValue, match=f"cannot set {V1_READ} of a to '65:0 5': no such disk"):
        apply(v1.ports, [change])


def test_without_the_controller_only_what_needs_it_is_refused(v1: Rig) -> None:
    group = v1.driver.locate("a/b", lambda name: v1.driver.default_controllers(name.count("/") + 1))
    assert v1.facet.plan(v1.target(group)) == ()
    assert v1.facet.plan(v1.target(group, io_policy="idle")) == ()
    for name, text in (("io_limit", "sda: 5"), ("io_ops_limit", "sda: 5"), ("io_weight", "2")):
        with pytest.raises(NotSupported, match=f"{name} of a .*no blkio controller"):
            v1.facet.plan(v1.target(group, **{name: text}))


@pytest.mark.parametrize("state", ["stopped", "starting", "dead", "respawning"])
def test_a_start_makes_the_kernel_count(v1: Rig, state: str) -> None:
    v1.counted.write_text("8:0 Read 0\nTotal 0\n")
    assert v1.facet.plan(v1.target()) == []
    target = v1.target(state=state)
    (change,) = v1.facet.plan(target)
    assert (change.subject, change.want, change.is_drift) == (COUNTED, "8:16 254:0", False)
    v1.fake.log.clear()
    apply(v1.ports, [change])
    writes = [path for operation, path in v1.fake.log if operation == "write"]
    assert [Path(path).name for path in writes] == [V1_READ, V1_READ]
    assert v1.knob(V1_READ) == ""


def test_limits_of_file_systems_without_the_knob(v1: Rig) -> None:
    for value in ("5", "fs r: 5"):
        with pytest.raises(NotSupported, match=r"memory\.fs_bps_limit"):
            v1.facet.plan(v1.target(io_limit=value))


def test_limits_of_file_systems_where_there_is_the_knob(tmp_path: Path) -> None:
    rig = Rig(tmp_path, *SPLIT)
    try:
        top = tmp_path / "cgroup" / "memory"
        for directory in (top, Path(rig.group.directories["memory"])):
            (directory / "memory.fs_bps_limit").write_text("0\n")
            (directory / "memory.fs_iops_limit").write_text("0\n")
        rig.driver = probe(mountinfo=str(rig.fake.mountinfo), knobs=rig.fake, members=rig.fake)
        rig.facet = Io(rig.driver, rig.tree.disks)
        rig.ports = make_ports(rig.driver)
        rig.converge(io_limit="fs r: 9; fs: 5; sda: 7", io_ops_limit="3")
        assert rig.driver.read(rig.group, "memory", "memory.fs_bps_limit") == "5\n"
        assert rig.driver.read(rig.group, "memory", "memory.fs_iops_limit") == "3\n"
        assert rig.knob(V1_READ) == "8:0 7"
        rig.converge()
        assert rig.driver.read(rig.group, "memory", "memory.fs_bps_limit") == "0\n"
    finally:
        rig.fake.close()
