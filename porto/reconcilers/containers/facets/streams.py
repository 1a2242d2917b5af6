"""Standard streams of the main process, and the files that keep its output.

Launch-time facets; manual section "Filesystem". Files of the container's own
directory, /dev/null and the client's descriptors are opened by the child before
it enters any namespace; paths the user chose are opened at the very end, inside
the container and with the task's own rights.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from porto.launcher.ops import NewSession, OpenStream, UseDescriptor
from porto.launcher.slots import FillSlot, OpenStreamAt
from porto.reconcilers.containers.facets.identity import task_credentials
from porto.reconcilers.containers.target import Fields, LaunchPlan, Target, Witness
from porto.reconcilers.ports import Ports
from porto.spec.containers import effective
from porto.spec.containers.effective import NULL, STREAMS, Stream
from porto.spec.containers.intent import Client
from porto.spec.errors import InvalidValue, Permission, by_value

FILE_MODE = 0o660
WORK = 0
"""The slot of the work directory."""
NUMBER_MAX = 9
"""Digits of a descriptor's number."""


@dataclass(frozen=True, slots=True)
class ClientDescriptor:
    """A descriptor of the client that asked for the start, used with his rights."""

    client: Client
    number: int
    write: bool
    refusal: str

    def open(self, ports: Ports) -> int:
        """Raises Permission, or InvalidValue when the client has no such descriptor."""
        try:
            return ports.files.open_client_descriptor(self.client, self.number, self.write)
        except PermissionError as error:
            raise Permission(f"{self.refusal}: {error.strerror}") from error
        except OSError as error:
            raise by_value(error, self.refusal) from error


@dataclass(frozen=True, slots=True)
class WorkHandle:
    """The container's own directory, in which its user may put anything in a file's place."""

    root: str
    name: str

    @property
    def path(self) -> str:
        """Of the host."""
        return effective.work_directory(self.name, self.root)

    def open(self, ports: Ports) -> int:
        """Beneath the directory of all, through no link."""
        return ports.files.open_directory_beneath(self.root, self.name)


def streams_of(target: Target, work_root: str) -> Sequence[Stream]:
    """Standard input, output and error."""
    lineage = (target.record, *target.lineage)
    return [effective.stream(lineage, number, work_root) for number in range(len(STREAMS))]


def _flags(number: int) -> int:
    return os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_APPEND


class OutsideStreams(Witness):
    """Default files, /dev/null and descriptors of the client."""

    name = "streams"

    def __init__(self, work_root: str) -> None:
        self._work_root = work_root

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Every stream gets something here; the user's own paths replace it later."""
        user = task_credentials(target)
        work: int | None = None
        # A terminal among the streams becomes the controlling one of this session.
        plan.add(NewSession())
        for number, stream in enumerate(streams_of(target, self._work_root)):
            if stream.descriptor is not None:
                source = _client_descriptor(target, number, stream.descriptor)
                plan.add(UseDescriptor(number, plan.pass_fd(source)))
            elif stream.file is None or not stream.is_own:
                plan.add(OpenStream(number, NULL, os.O_RDWR))
            else:
                if work is None:
                    work = plan.pass_fd(WorkHandle(self._work_root, target.name))
                    plan.add(FillSlot(WORK, work))
                plan.add(
                    OpenStreamAt(
                        number,
                        WORK,
                        stream.path,
                        _flags(number),
                        create=number != 0,
                        mode=FILE_MODE,
                        uid=user.uid,
                        gid=user.gid,
                    )
                )

    def ended(self, target: Target) -> Fields:
        """The files go with the work directory."""
        return {"stdout_offset": 0, "stderr_offset": 0}


def _client_descriptor(target: Target, number: int, text: str) -> ClientDescriptor:
    path = f"{effective.DESCRIPTOR_PREFIX}{text}"
    refusal = f"cannot start {target.name}: cannot open {STREAMS[number]}_path {path}"
    if not text.isascii() or not text.isdecimal() or len(text) > NUMBER_MAX:
        raise InvalidValue(f"{refusal}: not a descriptor number")
    client = target.record.intent.client
    if client is None:
        raise InvalidValue(f"{refusal}: the start was not asked for by a client")
    return ClientDescriptor(client, int(text), number != 0, refusal)


class InsideStreams:
    """Paths chosen by the user."""

    name = "streams"

    def __init__(self, work_root: str) -> None:
        self._work_root = work_root

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Opened by the task itself, so ordinary permissions apply."""
        user = task_credentials(target)
        for number, stream in enumerate(streams_of(target, self._work_root)):
            if stream.file is not None and not stream.is_own:
                plan.add(
                    OpenStream(
                        number,
                        stream.path,
                        _flags(number),
                        create=number != 0,
                        mode=FILE_MODE,
                        uid=user.uid,
                        gid=user.gid,
                    )
                )
