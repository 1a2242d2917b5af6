"""Standard streams of the main process.

Launch-time facets; manual section "Filesystem". Files of the container's own
directory, /dev/null and the client's descriptors are opened by the child before
it enters any namespace; paths the user chose are opened at the very end, inside
the container and with the task's own rights.
"""

import os
from collections.abc import Iterator

from porto.kernel.file import files
from porto.launcher.ops import NewSession, OpenStream, UseDescriptor
from porto.reconcilers.containers.base import LaunchPlan, Target
from porto.reconcilers.containers.facets.identity import TaskCredentials, task_credentials
from porto.spec.containers.spec import find_property
from porto.spec.errors import InvalidValue, Permission

NULL = "/dev/null"
DESCRIPTOR_PREFIX = "/dev/fd/"
FILE_MODE = 0o660
NAMES = ("stdin", "stdout", "stderr")


def stream_path(target: Target, stream: int) -> str:
    """The effective path of a stream; os mode discards output unless told otherwise."""
    name = f"{NAMES[stream]}_path"
    record = target.record
    prop = find_property(name)
    if record.spec.process.virt_mode == "os" and not record.spec.is_set(prop):
        return NULL
    path: str = record.spec.value(prop)
    return path or NULL


def is_outside(target: Target, stream: int, path: str) -> bool:
    """Whether a path is opened in the host, before the namespaces."""
    return path == NULL or not target.record.spec.is_set(find_property(f"{NAMES[stream]}_path"))


def _flags(stream: int) -> int:
    return os.O_RDONLY if stream == 0 else os.O_WRONLY | os.O_APPEND


class OutsideStreams:
    """Default files, /dev/null and descriptors of the client."""

    name = "streams"

    def __init__(self, work_root: str) -> None:
        self._work_root = work_root

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Every stream gets something here; the user's own paths replace it later."""
        user = task_credentials(target)
        # A terminal among the streams becomes the controlling one of this session.
        plan.add(NewSession())
        for stream in range(3):
            path = stream_path(target, stream)
            if path.startswith(DESCRIPTOR_PREFIX):
                plan.add(UseDescriptor(stream, plan.pass_fd(self._client_fd(target, stream, path))))
            elif path == NULL or not is_outside(target, stream, path):
                plan.add(OpenStream(stream, NULL, os.O_RDWR))
            else:
                plan.add(
                    OpenStream(
                        stream,
                        os.path.join(self._work_root, target.name, path),
                        _flags(stream) | os.O_NOFOLLOW,
                        create=stream != 0,
                        mode=FILE_MODE,
                        uid=user.uid,
                        gid=user.gid,
                    )
                )

    def _client_fd(self, target: Target, stream: int, path: str) -> int:
        verb = f"cannot start {target.name}: cannot open {NAMES[stream]}_path {path}"
        number = path[len(DESCRIPTOR_PREFIX) :]
        if not number.isdigit() or len(number) > 9:
            raise InvalidValue(f"{verb}: not a descriptor number")
        client = target.record.intent.client
        if client is None:
            raise InvalidValue(f"{verb}: the start was not asked for by a client")
        try:
            return files.open_client_descriptor(client, int(number), write=stream != 0)
        except PermissionError as error:
            raise Permission(f"{verb}: {error.strerror}") from error
        except OSError as error:
            raise InvalidValue(f"{verb}: {error.strerror}") from error


class InsideStreams:
    """Paths chosen by the user."""

    name = "streams"

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Opened by the task itself, so ordinary permissions apply."""
        plan.add(*self._opens(target, task_credentials(target)))

    def _opens(self, target: Target, user: TaskCredentials) -> Iterator[OpenStream]:
        for stream in range(3):
            path = stream_path(target, stream)
            if path.startswith(DESCRIPTOR_PREFIX) or is_outside(target, stream, path):
                continue
            yield OpenStream(
                stream,
                path,
                _flags(stream),
                create=stream != 0,
                mode=FILE_MODE,
                uid=user.uid,
                gid=user.gid,
            )
