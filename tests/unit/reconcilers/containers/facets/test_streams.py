"""Standard streams of a task, as launch operations."""

import dataclasses
import errno
import os

import pytest

from porto.launcher.ops import NewSession, OpenStream, UseDescriptor
from porto.launcher.slots import FillSlot, OpenStreamAt
from porto.reconcilers.containers.facets.streams import InsideStreams, OutsideStreams, WorkHandle
from porto.spec.containers.intent import Client
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import InvalidValue, Permission, PortoError
from tests.fakes.ports import make_ports
from tests.fakes.starts import record, start_of

NULL = "/dev/null"
APPENDED = os.O_WRONLY | os.O_APPEND
DROPPED = [OpenStream(stream, NULL, os.O_RDWR) for stream in range(3)]


def default_file(stream: int, name: str, uid: int = 0, gid: int = 0) -> OpenStreamAt:
    """A file in a directory that users may write to: what they put there is refused."""
    return OpenStreamAt(stream, 0, name, APPENDED, create=True, mode=0o660, uid=uid, gid=gid)


def outside(**values: str) -> list[object]:
    return list(start_of(record("a", **values), OutsideStreams("/place/work")).ops)


def inside(**values: str) -> list[object]:
    return list(start_of(record("a", **values), InsideStreams("/place/work")).ops)


def test_output_goes_to_files_beneath_the_descriptor_of_the_work_directory() -> None:
    plan = start_of(record("a"), OutsideStreams("/place/work"))
    assert plan.sources == [WorkHandle("/place/work", "a")]
    assert plan.ops == [
        NewSession(),
        DROPPED[0],
        FillSlot(0, 0),
        default_file(1, "stdout"),
        default_file(2, "stderr"),
    ]
    assert inside() == []


def test_default_files_are_the_tasks_own() -> None:
    assert outside(user="54321")[3:] == [
        default_file(1, "stdout", 54321, 54321),
        default_file(2, "stderr", 54321, 54321),
    ]


def test_paths_of_the_user_are_opened_inside_with_his_rights() -> None:
    values = {"stdin_path": "/in", "stdout_path": "/log/out", "user": "54321"}
    assert outside(**values) == [
        NewSession(),
        DROPPED[0],
        DROPPED[1],
        FillSlot(0, 0),
        default_file(2, "stderr", 54321, 54321),
    ]
    owned = {"mode": 0o660, "uid": 54321, "gid": 54321}
    assert inside(**values) == [
        OpenStream(0, "/in", os.O_RDONLY, create=False, **owned),
        OpenStream(1, "/log/out", APPENDED, create=True, **owned),
    ]


def test_dev_null_is_opened_once() -> None:
    values = {"stdout_path": NULL, "stderr_path": NULL}
    assert outside(**values) == [NewSession(), *DROPPED]
    assert inside(**values) == []


def test_os_mode_drops_output_unless_told_where_to() -> None:
    assert outside(virt_mode="os") == [NewSession(), *DROPPED]
    assert inside(virt_mode="os", stderr_path="/err") == [
        OpenStream(2, "/err", APPENDED, create=True, mode=0o660, uid=0, gid=0)
    ]


def asked_by_a_client(**values: str) -> ContainerRecord:
    found = record("a", **values)
    client = Client(pid=40, start=4, uid=0, gid=0, groups=())
    return dataclasses.replace(found, intent=dataclasses.replace(found.intent, client=client))


class Files:
    """Descriptors of a client: `refusal` is what asking for one is answered with."""

    def __init__(self, refusal: OSError | None = None) -> None:
        self.refusal = refusal
        self.asked: list[tuple[int, int, bool]] = []

    def open_client_descriptor(self, client: Client, n: int, write: bool) -> int:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((client.pid, n, write))
        return 100 + n


def test_descriptors_of_the_client_are_passed_on() -> None:
    files = Files()
    ports = make_ports(None, files=files)
    found = asked_by_a_client(stdin_path="/dev/fd/0", stdout_path="/dev/fd/12")
    plan = start_of(found, OutsideStreams("/place/work"))
    assert [source.open(ports) for source in plan.sources[:2]] == [100, 112]
    assert files.asked == [(40, 0, False), (40, 12, True)]
    assert plan.ops[1:3] == [UseDescriptor(0, 0), UseDescriptor(1, 1)]
    assert plan.ops[3:] == [FillSlot(0, 2), default_file(2, "stderr")]
    assert start_of(found, InsideStreams("/place/work")).ops == []


@pytest.mark.parametrize("path", ["/dev/fd/x", "/dev/fd/1234567890", "/dev/fd/"])
def test_what_is_no_number_is_no_descriptor(path: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        start_of(asked_by_a_client(stdout_path=path), OutsideStreams("/place/work"))
    message = f"cannot start a: cannot open stdout_path {path}: not a descriptor number"
    assert caught.value.text == message


def test_nobody_has_no_descriptors() -> None:
    with pytest.raises(InvalidValue) as caught:
        start_of(record("a", stderr_path="/dev/fd/2"), OutsideStreams("/place/work"))
    assert caught.value.text == (
        "cannot start a: cannot open stderr_path /dev/fd/2: the start was not asked for by a client"
    )


@pytest.mark.parametrize(
    ("code", "error"), [(errno.EACCES, Permission), (errno.ENOENT, InvalidValue)]
)
def test_a_descriptor_that_cannot_be_had_says_why(code: int, error: type[PortoError]) -> None:
    found = asked_by_a_client(stdin_path="/dev/fd/3")
    source, _ = start_of(found, OutsideStreams("/place/work")).sources
    with pytest.raises(error) as caught:
        source.open(make_ports(None, files=Files(OSError(code, os.strerror(code)))))
    assert caught.value.text == (
        f"cannot start a: cannot open stdin_path /dev/fd/3: {os.strerror(code)}"
    )
