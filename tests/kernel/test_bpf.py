"""Device programs on the kernel: loaded, attached, asked, replaced, gone."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from porto.kernel.cgroup.bpf import DevicePrograms
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.devices import EVERYTHING, text_of
from porto.kernel.cgroup.v2.devices import NAME, DevicesV2, assemble
from porto.spec.device_rules import ALL, DEFAULTS, READ, WRITE, Rule, covers
from tests.needs import mounts

pytestmark = pytest.mark.needs("root", "cgroup2-mounted")

_serial = iter(range(1_000_000))
NULL, ZERO = Rule("c", 1, 3, ALL), Rule("c", 1, 5, READ)
# Joins the group named first, then says which opens succeed.
OPENER = """
import os, sys
with open(sys.argv[1] + "/cgroup.procs", "w") as procs:
    procs.write("0")
for path in sys.argv[2:]:
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try:
            os.close(os.open(path, flags))
            print(1, end="")
        except PermissionError:
            print(0, end="")
"""
MODES = (READ, WRITE, READ | WRITE)


@pytest.fixture
def group() -> Iterator[Group]:
    """A private cgroup on v2, with nobody in it."""
    mount = next(point for point, kind, _ in mounts() if kind == "cgroup2")
    directory = f"{mount}/portotest-bpf-{os.getpid()}-{next(_serial)}"
    os.mkdir(directory)
    yield Group("a", {"devices": directory}, (directory,))
    if os.path.isdir(directory):
        os.rmdir(directory)


@pytest.fixture
def devices() -> DevicesV2:
    return DevicesV2(None, DevicePrograms())  # type: ignore[arg-type]


def opened(group: Group, *paths: str) -> str:
    done = subprocess.run(
        [sys.executable, "-SIc", OPENER, group.own[0], *paths],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    return done.stdout


def test_the_kernel_decides_as_the_rules_do(group: Group, devices: DevicesV2) -> None:
    rules = (NULL, ZERO, Rule("c", 1, 7, WRITE))
    devices.enforce(group, rules)
    paths = {3: "/dev/null", 5: "/dev/zero", 7: "/dev/full", 8: "/dev/random"}
    expected = "".join(
        str(int(covers(rules, Rule("c", 1, minor, mode)))) for minor in paths for mode in MODES
    )
    assert opened(group, *paths.values()) == expected
    assert expected == "111100010000"


def test_state_is_read_back_by_another_instance(group: Group, devices: DevicesV2) -> None:
    assert devices.state(group) == EVERYTHING
    devices.enforce(group, DEFAULTS)
    other = DevicesV2(None, DevicePrograms())  # type: ignore[arg-type]
    assert other.render(DEFAULTS) == other.state(group) == text_of(DEFAULTS)


def test_a_new_program_takes_the_place_of_the_old(group: Group, devices: DevicesV2) -> None:
    devices.enforce(group, (NULL,))
    devices.enforce(group, (ZERO,))
    assert devices.state(group) == text_of((ZERO,))
    assert len(DevicePrograms().attached(group.own[0])) == 1
    assert opened(group, "/dev/null", "/dev/zero") == "000100"


def test_programs_of_ancestors_and_neighbours_are_asked_too(
    group: Group, devices: DevicesV2
) -> None:
    directory = f"{group.own[0]}/inner"
    os.mkdir(directory)
    try:
        inner = Group("a/b", {"devices": directory}, (directory,))
        devices.enforce(group, (NULL,))
        devices.enforce(inner, (NULL, ZERO))
        assert opened(inner, "/dev/null", "/dev/zero") == "111000"
    finally:
        os.rmdir(directory)


def test_a_detached_program_is_missed(group: Group, devices: DevicesV2) -> None:
    devices.enforce(group, (NULL,))
    programs = DevicePrograms()
    (program,) = programs.attached(group.own[0])
    programs.detach(group.own[0], program.id)
    programs.detach(group.own[0], program.id)
    assert devices.state(group) == EVERYTHING


def test_equal_programs_share_one(group: Group, devices: DevicesV2) -> None:
    programs = DevicePrograms()
    code = assemble((NULL,))
    first = programs.attach(group.own[0], code, NAME)
    directory = f"{group.own[0]}/inner"
    os.mkdir(directory)
    try:
        assert programs.attach(directory, code, NAME) == first
    finally:
        os.rmdir(directory)


def test_five_hundred_rules_are_accepted(group: Group, devices: DevicesV2) -> None:
    many = tuple(Rule("c", 200, minor, READ) for minor in range(500))
    devices.enforce(group, (NULL, *many))
    assert opened(group, "/dev/null", "/dev/zero") == "111000"


def test_nothing_is_left_open(group: Group, devices: DevicesV2) -> None:
    before = len(os.listdir("/proc/self/fd"))
    devices.enforce(group, (NULL,))
    devices.enforce(group, (ZERO,))
    devices.state(group)
    with pytest.raises(FileNotFoundError):
        DevicePrograms().attached(f"{group.own[0]}/missing")
    with pytest.raises(OSError, match=group.own[0]):
        devices.enforce(Group("b", {"devices": f"{group.own[0]}/cgroup.procs"}, ()), (NULL,))
    assert len(os.listdir("/proc/self/fd")) == before
