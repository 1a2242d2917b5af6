"""Access to devices, through the API: what a container may really open.

The nodes are the test's own, with the numbers of harmless devices; whether a container
opens them is asked from a child without devices of its own, which shares its cgroup.
"""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import porto
from porto.exceptions import (
    DeviceNotFound,
    InvalidValue,
    Permission,
)
from porto.kernel import syscalls
from porto.kernel.cgroup.bpf import DevicePrograms
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.probe import probe
from porto.spec.device_rules import DEFAULTS, MKNOD, READ, WRITE, Rule, overlay
from tests.kernel.test_drift import drift_lines
from tests.patience import patient, until

TIMEOUT_S = patient(30)
NUMBERS = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "tty": (5, 0),
    "kmsg": (1, 11),
    "foreign": (1, 5),
}
OPENER = """
import errno, os, sys
for path in sys.argv[1:]:
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try:
            os.close(os.open(path, flags | os.O_NONBLOCK))
            print(1, end="")
        except OSError as error:
            print(0 if error.errno == errno.EPERM else error.strerror, end="")
print(flush=True)
"""


@pytest.fixture(scope="module")
def place(shared_daemon) -> Iterator[Path]:
    """A directory in which nodes work, wherever the test's own is mounted."""
    directory = shared_daemon.directory / "nodes"
    directory.mkdir()
    syscalls.mount("portotest", str(directory), "tmpfs", 0, "size=1m,mode=755")
    yield directory
    syscalls.umount2(str(directory), syscalls.MNT_DETACH)


@pytest.fixture
def nodes(place: Path) -> Iterator[dict[str, str]]:
    """Paths of nodes by name, readable and writable by all but `foreign`."""
    found = {}
    for name, (major, minor) in NUMBERS.items():
        path = place / name
        os.mknod(path, stat.S_IFCHR, os.makedev(major, minor))
        path.chmod(0o600 if name == "foreign" else 0o666)
        found[name] = str(path)
    yield found
    for path in place.iterdir():
        path.unlink()


def start(conn: "porto.Connection", name: str, **values: str) -> "object":
    """A container that only waits."""
    container = conn.Create(name)
    container.SetProperty("command", "sleep 1000")
    for key, value in values.items():
        container.SetProperty(key, value)
    container.Start()
    return container


def opened(conn: "porto.Connection", parent: str, *paths: str) -> str:
    """Three digits for each path: whether reading, writing, both succeed."""
    container = conn.Create(f"{parent}/opener")
    try:
        container.SetProperty("command_argv", "\t".join([sys.executable, "-SIc", OPENER, *paths]))
        container.Start()
        conn.WaitContainers([f"{parent}/opener"], timeout=TIMEOUT_S)
        assert container["exit_code"] == "0", container["stderr"]
        return str(container["stdout"]).strip()
    finally:
        container.Destroy()


def state(daemon, container: "object", *added: Rule) -> str:
    """What the kernel enforces in the container's own cgroup.

    A program is known by rules that it may stand for: the usual ones with `added`.
    """
    driver = probe(daemon.cgroup)
    directory = str(container["cgroups[devices]"])
    driver.devices.render(overlay(DEFAULTS, added))
    return driver.devices.state(Group("a", {"devices": directory}, (directory,)))


def text(*added: Rule) -> str:
    return "; ".join(map(str, overlay(DEFAULTS, added)))


def test_a_first_level_container_has_the_usual_devices_and_no_others(conn, daemon, nodes) -> None:
    container = start(conn, "a")
    assert state(daemon, container) == text()
    names = ("null", "zero", "full", "random", "kmsg")
    assert opened(conn, "a", *(nodes[name] for name in names)) == "111" * 4 + "000"
    assert container["devices"] == ""


@pytest.mark.parametrize("isolate", ["true", "false"])
def test_the_main_task_itself_is_confined_from_its_start(conn, nodes, isolate) -> None:
    container = conn.Create("a")
    container.SetProperty(
        "command_argv", "\t".join([sys.executable, "-SIc", OPENER, nodes["null"], nodes["kmsg"]])
    )
    container.SetProperty("isolate", isolate)
    container.Start()
    conn.WaitContainers(["a"], timeout=TIMEOUT_S)
    assert container["stdout"] == "111000\n"


def test_a_list_gives_and_takes(conn, nodes) -> None:
    devices = f"{nodes['kmsg']} w; {nodes['full']} r; {nodes['random']} -"
    container = start(conn, "a", devices=devices)
    assert container["devices"] == f"{nodes['kmsg']} w; {nodes['full']} r; {nodes['random']} -; "
    names = ("null", "kmsg", "full", "random")
    assert opened(conn, "a", *(nodes[name] for name in names)) == "111010100000"


def test_a_running_container_is_changed(conn, nodes) -> None:
    container = start(conn, "a")
    container.SetProperty("devices", f"{nodes['full']} -")
    assert opened(conn, "a", nodes["full"]) == "000"
    container.SetProperty(f"devices[{nodes['full']}]", "rw")
    assert container[f"devices[{nodes['full']}]"] == "rw"
    assert opened(conn, "a", nodes["full"]) == "111"
    container.SetProperty(f"devices[{nodes['kmsg']}]", "w")
    assert opened(conn, "a", nodes["full"], nodes["kmsg"]) == "111010"
    container.SetProperty("devices", "")
    assert opened(conn, "a", nodes["full"], nodes["kmsg"]) == "111000"


def test_making_nodes_needs_the_device(conn, place, nodes) -> None:
    """mknod is granted with any access, and refused for devices that are not listed."""
    program = (
        "import os, stat, sys\n"
        "for minor in (3, 7, 11):\n"
        "    try:\n"
        f"        os.mknod('{place}/made%d' % minor, stat.S_IFCHR, os.makedev(1, minor))\n"
        "        print(1, end='')\n"
        "    except PermissionError:\n"
        "        print(0, end='')\n"
    )
    container = conn.Create("a")
    container.SetProperty("devices", f"{nodes['full']} r")
    container.SetProperty("command_argv", "\t".join([sys.executable, "-SIc", program]))
    container.Start()
    conn.WaitContainers(["a"], timeout=TIMEOUT_S)
    assert container["stdout"] == "110"


def test_a_child_has_at_most_what_its_parent_has(conn, nodes) -> None:
    parent = start(conn, "a", devices=f"{nodes['kmsg']} w")
    child = start(conn, "a/b", devices=f"{nodes['full']} r; {nodes['zero']} -")
    names = ("full", "zero", "kmsg")
    assert opened(conn, "a/b", *(nodes[name] for name in names)) == "100000010"
    with pytest.raises(Permission, match=r"parent a may not use .*kmsg"):
        child.SetProperty("devices", f"{nodes['kmsg']} r")
    assert child["devices"] == f"{nodes['full']} r; {nodes['zero']} -; "
    parent.SetProperty("devices", "")
    until(lambda: opened(conn, "a/b", nodes["kmsg"]) == "000", "the child kept what a lost")
    assert opened(conn, "a/b", *(nodes[name] for name in names)) == "100000000"


def test_a_running_child_without_the_controller_cannot_be_given_devices(conn, nodes) -> None:
    start(conn, "a")
    child = start(conn, "a/b")
    with pytest.raises(porto.exceptions.NotSupported):
        child.SetProperty("devices", f"{nodes['full']} r")
    assert child["devices"] == ""


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("{here}/missing rw", DeviceNotFound),
        ("{here} rw", InvalidValue),
        ("/etc/passwd rw", InvalidValue),
        ("{null}", InvalidValue),
        ("{null} rwx", InvalidValue),
        ("{null} *", InvalidValue),
        ("null rw", InvalidValue),
        ("{here}/../nodes/null rw", InvalidValue),
        ("{null} rw /etc/null", InvalidValue),
        ("{null} rw /dev/../etc/null", InvalidValue),
        ("{null} rw /dev/null 01000", InvalidValue),
        ("{null} rw /dev/null 0666 nosuchuser", InvalidValue),
        ("{null} rw /dev/null 0666 root root more", InvalidValue),
        ("preset nothing", InvalidValue),
        ("preset", InvalidValue),
    ],
)
@pytest.mark.parametrize("started", [False, True])
def test_a_bad_list_changes_nothing(conn, daemon, place, nodes, started, value, error) -> None:
    container = conn.Create("a")
    container.SetProperty("devices", f"{nodes['zero']} r")
    if started:
        container.SetProperty("command", "sleep 1000")
        container.Start()
    with pytest.raises(error, match="cannot set devices of a to"):
        container.SetProperty("devices", value.format(here=place, **nodes))
    assert container["devices"] == f"{nodes['zero']} r; "
    if started:
        assert state(daemon, container) != text()


def test_a_missing_device_may_be_optional(conn, daemon, place, nodes) -> None:
    missing = place / "later"
    container = start(conn, "a", devices=f"{missing} w?")
    assert state(daemon, container) == text()
    os.mknod(missing, stat.S_IFCHR | 0o600, os.makedev(1, 11))
    until(lambda: state(daemon, container) != text(), "the device was not noticed")
    assert opened(conn, "a", str(missing)) == "010"


def test_a_start_looks_again(conn, nodes) -> None:
    container = conn.Create("a")
    container.SetProperty("command", "sleep 1000")
    container.SetProperty("devices", f"{nodes['kmsg']} w")
    Path(nodes["kmsg"]).unlink()
    with pytest.raises(DeviceNotFound, match="cannot start a: devices: there is no device"):
        container.Start()
    assert container["state"] == "stopped"


def test_the_owner_needs_access_to_the_hosts_node(conn, nodes) -> None:
    container = conn.Create("a")
    container.SetProperty("owner_user", "nobody")
    container.SetProperty("devices", f"{nodes['kmsg']} w")
    with pytest.raises(Permission, match="nobody has no rw access"):
        container.SetProperty("devices", f"{nodes['foreign']} rw")
    with pytest.raises(Permission, match="all minor numbers"):
        container.SetProperty("devices", f"{nodes['null']} r*")
    with pytest.raises(Permission, match="a wider mode"):
        container.SetProperty("devices", f"{nodes['null']} r /dev/x 0777")
    with pytest.raises(Permission, match="another owner"):
        container.SetProperty("devices", f"{nodes['null']} r /dev/x 0666 nobody")
    assert container["devices"] == f"{nodes['kmsg']} w; "


def test_all_minors_of_a_major(conn, nodes) -> None:
    start(conn, "a", devices=f"{nodes['null']} w*")
    assert opened(conn, "a", nodes["kmsg"], nodes["zero"]) == "010111"


def test_nothing_is_made_in_the_hosts_dev(conn, nodes) -> None:
    """A container in the host's root has the host's /dev, which is not ours to fill."""
    before = sorted(os.listdir("/dev"))
    container = conn.Create("a")
    container.SetProperty("command", "sleep 1000")
    container.SetProperty("devices", f"{nodes['null']} rw /dev/portotest-null")
    with pytest.raises(InvalidValue, match=r"only in a container with a /dev of its own"):
        container.Start()
    container.SetProperty("devices", f"{nodes['null']} rw")
    container.Start()
    with pytest.raises(InvalidValue, match=r"only in a container with a /dev of its own"):
        container.SetProperty("devices", f"{nodes['null']} rw /dev/portotest-null")
    assert sorted(os.listdir("/dev")) == before


def tamper(daemon, container: "object") -> None:
    """Give the container every device, behind the daemon's back."""
    directory = str(container["cgroups[devices]"])
    if os.path.exists(f"{directory}/devices.allow"):
        Path(directory, "devices.allow").write_text("a")
        return
    programs = DevicePrograms()
    for program in programs.attached(directory):
        programs.detach(directory, program.id)


def test_drift_is_put_back_and_told(own_daemon, nodes) -> None:
    conn = own_daemon.connection()
    container = start(conn, "a")
    tamper(own_daemon, container)
    until(lambda: state(own_daemon, container) == text(), "still open")
    until(lambda: len(drift_lines(own_daemon)) == 1, "not told")
    assert "devices" in drift_lines(own_daemon)[0]
    assert opened(conn, "a", nodes["null"], nodes["kmsg"]) == "111000"


def test_a_list_that_follows_its_parents_is_no_drift(own_daemon, nodes) -> None:
    conn = own_daemon.connection()
    parent = start(conn, "a")
    child = start(conn, "a/b", devices=f"{nodes['full']} r")
    parent.SetProperty("devices", f"{nodes['kmsg']} w")
    added = (Rule("c", 1, 7, MKNOD | READ), Rule("c", 1, 11, MKNOD | WRITE))
    until(lambda: state(own_daemon, child, *added) == text(*added), "the child did not follow")
    assert drift_lines(own_daemon) == []


def test_a_restart_of_the_daemon_changes_nothing(own_daemon, nodes) -> None:
    conn = own_daemon.connection()
    container = start(conn, "a", devices=f"{nodes['full']} r")
    before = identity(container)
    own_daemon.await_new_daemon(own_daemon.kill("daemon"))
    conn = own_daemon.connection()
    container = conn.Find("a")
    assert container["state"] == "running"
    assert opened(conn, "a", nodes["full"], nodes["kmsg"]) == "100000"
    assert container["devices"] == f"{nodes['full']} r; "
    assert identity(container) == before
    assert drift_lines(own_daemon) == []


def identity(container: "object") -> object:
    """The list, or the very programs that are attached."""
    directory = str(container["cgroups[devices]"])
    listed = Path(directory, "devices.list")
    return listed.read_text() if listed.exists() else DevicePrograms().attached(directory)


def test_nothing_stays_after_the_stop(conn, nodes) -> None:
    container = start(conn, "a", devices=f"{nodes['full']} r")
    directory = str(container["cgroups[devices]"])
    assert os.path.isdir(directory)
    container.Stop()
    assert not os.path.exists(directory)


def test_presets_and_extra_devices_come_from_the_configuration(make_daemon, nodes) -> None:
    daemon = make_daemon(
        "container {\n"
        f'  extra_devices: "{nodes["kmsg"]} w; /dev/portotest-missing rw"\n'
        f'  device_preset {{ preset: "less" device: "{nodes["full"]} -" '
        f'device: "{nodes["zero"]} r" }}\n'
        "}\n"
    )
    conn = daemon.connection()
    container = start(conn, "a", devices="preset less")
    assert container["devices"] == "preset less; "
    names = ("null", "zero", "full", "kmsg")
    assert opened(conn, "a", *(nodes[name] for name in names)) == "111100000010"
    daemon.stop()
