"""Device access of v1 and v2: lists, order of writes, the program and its replacement."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.devices import EVERYTHING, text_of
from porto.kernel.cgroup.probe import probe
from porto.kernel.cgroup.v1 import devices as v1
from porto.kernel.cgroup.v2.devices import NAME, DevicesV2, assemble
from porto.spec.device_rules import ALL, DEFAULTS, MKNOD, READ, WRITE, Rule, overlay
from tests.fakes import bpf_machine
from tests.fakes.cgroupfs import FakeCgroups
from tests.fakes.programs import FakePrograms

NULL = Rule("c", 1, 3, ALL)
DISK = Rule("b", 8, None, READ)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeCgroups]:
    made = FakeCgroups(tmp_path)
    yield made
    made.close()


@pytest.fixture
def driver(fake: FakeCgroups) -> CgroupDriver:
    return probe(mountinfo=str(fake.mountinfo), knobs=fake, members=fake)


def made(driver: CgroupDriver, name: str) -> Group:
    group = driver.locate(name, lambda _: driver.controllers)
    driver.create(group)
    return group


class TestLists:
    def test_the_kernels_list_becomes_sorted_rules_on_a_line(self) -> None:
        text = "c 136:* rw\nb 8:* r\nc 1:5 rwm\nc 1:3 m\n"
        assert v1.canonical(text) == "b 8:* r; c 1:3 m; c 1:5 rwm; c 136:* rw"
        assert v1.canonical("a *:* rwm\n") == EVERYTHING
        assert v1.canonical("") == ""
        assert v1.parse("b *:* m\n") == (Rule("b", None, None, MKNOD),)

    def test_what_is_enforced_is_what_is_read(self, driver: CgroupDriver) -> None:
        group = made(driver, "a")
        assert driver.devices.state(group) == EVERYTHING
        driver.devices.enforce(group, DEFAULTS)
        assert driver.devices.state(group) == driver.devices.render(DEFAULTS)
        driver.devices.enforce(group, (NULL, DISK))
        assert driver.devices.state(group) == text_of((DISK, NULL))

    def test_enforcing_again_writes_nothing(self, driver: CgroupDriver, fake: FakeCgroups) -> None:
        group = made(driver, "a")
        driver.devices.enforce(group, DEFAULTS)
        fake.log.clear()
        driver.devices.enforce(group, DEFAULTS)
        assert [path for kind, path in fake.log if kind == "write"] == []

    def test_no_rules_forbid_everything(self, driver: CgroupDriver) -> None:
        group = made(driver, "a")
        driver.devices.enforce(group, ())
        assert driver.devices.state(group) == ""

    def test_everything_given_by_somebody_else_is_taken_back(
        self, driver: CgroupDriver, fake: FakeCgroups
    ) -> None:
        group = made(driver, "a")
        driver.devices.enforce(group, DEFAULTS)
        fake.write(f"{group.directories['devices']}/devices.allow", "a")
        assert driver.devices.state(group) == EVERYTHING
        driver.devices.enforce(group, DEFAULTS)
        assert driver.devices.state(group) == text_of(DEFAULTS)

    def test_a_child_has_its_parents_list_and_gets_no_more(self, driver: CgroupDriver) -> None:
        driver.devices.enforce(made(driver, "a"), DEFAULTS)
        child = made(driver, "a/b")
        assert driver.devices.state(child) == text_of(DEFAULTS)
        with pytest.raises(PermissionError):
            driver.devices.enforce(child, overlay(DEFAULTS, [DISK]))

    def test_steps_widen_before_they_narrow(self) -> None:
        have = (Rule("c", 1, None, ALL), Rule("c", 5, 0, READ), Rule("c", 7, 1, READ))
        want = (Rule("c", 1, 3, ALL), Rule("c", 5, 0, READ | WRITE), Rule("c", 7, 1, WRITE))
        assert list(v1.steps(have, want)) == [
            ("devices.allow", "c 1:3 rwm"),
            ("devices.allow", "c 5:0 w"),
            ("devices.deny", "c 7:1 r"),
            ("devices.allow", "c 7:1 w"),
            ("devices.deny", "c 1:* rwm"),
        ]

    def test_without_the_controller_the_property_is_not_supported(self, tmp_path: Path) -> None:
        fake = FakeCgroups(tmp_path, ("freezer", "memory"))
        driver = probe(mountinfo=str(fake.mountinfo), knobs=fake, members=fake)
        assert "devices" in driver.devices.unsupported()
        assert "devices" in driver.unsupported()
        fake.close()


class TestProgram:
    @pytest.mark.parametrize(
        ("kind", "major", "minor", "access", "allowed"),
        [
            ("c", 1, 3, READ, True),
            ("c", 1, 3, ALL, True),
            ("b", 1, 3, READ, False),
            ("c", 1, 4, READ, False),
            ("c", 136, 77, READ | WRITE, True),
            ("c", 136, 77, MKNOD, False),
            ("c", 5, 2, READ | MKNOD, False),
        ],
    )
    def test_defaults(self, kind: str, major: int, minor: int, access: int, allowed: bool) -> None:
        assert bpf_machine.run(assemble(DEFAULTS), kind, major, minor, access) is allowed

    def test_no_rule_allows_nothing(self) -> None:
        assert not bpf_machine.run(assemble(()), "c", 1, 3, READ)

    def test_two_rules_do_not_add_up(self) -> None:
        code = assemble([Rule("c", 1, None, READ), Rule("c", 1, 3, WRITE)])
        assert bpf_machine.run(code, "c", 1, 3, READ)
        assert bpf_machine.run(code, "c", 1, 3, WRITE)
        assert not bpf_machine.run(code, "c", 1, 3, READ | WRITE)


class TestAttached:
    group = Group("a", {"devices": "/top/a", "freezer": "/top/a"}, ("/top/a", "/top/a/%leaf"))

    @pytest.fixture
    def programs(self) -> FakePrograms:
        return FakePrograms()

    @pytest.fixture
    def devices(self, driver: CgroupDriver, programs: FakePrograms) -> DevicesV2:
        return DevicesV2(driver, programs)  # type: ignore[arg-type]

    def test_state_follows_what_is_enforced(self, devices: DevicesV2) -> None:
        assert devices.state(self.group) == EVERYTHING
        devices.enforce(self.group, DEFAULTS)
        assert devices.state(self.group) == devices.render(DEFAULTS)

    def test_a_group_is_never_without_a_program(
        self, devices: DevicesV2, programs: FakePrograms
    ) -> None:
        devices.enforce(self.group, DEFAULTS)
        devices.enforce(self.group, (NULL,))
        assert devices.state(self.group) == text_of((NULL,))
        assert len(programs.directories["/top/a"]) == 1
        assert programs.fewest["/top/a"] == 1

    def test_another_daemon_knows_the_program_again(
        self, devices: DevicesV2, driver: CgroupDriver, programs: FakePrograms
    ) -> None:
        devices.enforce(self.group, DEFAULTS)
        other = DevicesV2(driver, programs)  # type: ignore[arg-type]
        assert other.state(self.group).startswith("program ")
        want = other.render(DEFAULTS)
        assert other.state(self.group) == want

    def test_a_replacement_cut_short_is_finished(
        self, devices: DevicesV2, programs: FakePrograms
    ) -> None:
        devices.enforce(self.group, DEFAULTS)
        programs.attach("/top/a", assemble((NULL,)), NAME)
        assert devices.state(self.group) not in (text_of(DEFAULTS), text_of((NULL,)))
        devices.enforce(self.group, (NULL,))
        assert devices.state(self.group) == text_of((NULL,))
        assert [p.id for p in programs.directories["/top/a"]] == [2]

    def test_equal_programs_are_reduced_to_one(
        self, devices: DevicesV2, programs: FakePrograms
    ) -> None:
        devices.enforce(self.group, DEFAULTS)
        programs.attach("/top/a", assemble(DEFAULTS), NAME)
        assert devices.state(self.group) != devices.render(DEFAULTS)
        devices.enforce(self.group, DEFAULTS)
        assert devices.state(self.group) == devices.render(DEFAULTS)

    def test_programs_of_others_stay(self, devices: DevicesV2, programs: FakePrograms) -> None:
        programs.attach("/top/a", assemble(()), "sd_devices")
        devices.enforce(self.group, DEFAULTS)
        devices.enforce(self.group, (NULL,))
        assert devices.state(self.group) == text_of((NULL,))
        assert [p.name for p in programs.directories["/top/a"]] == ["sd_devices", NAME]

    def test_a_kernel_without_such_programs_offers_no_controller(
        self, devices: DevicesV2, programs: FakePrograms
    ) -> None:
        assert devices.offered("/top")
        assert devices.unsupported() == {}
        programs.refuse = OSError(errno.EINVAL, "Invalid argument")
        assert not devices.offered("/top")
        assert "Invalid argument" in devices.unsupported()["devices"]
