"""Readers of kept output: stdout, stderr and what rotation has dropped of them.

Merged by `readers.py`. Offsets count from the first byte the container ever wrote;
`facets/rotation.py` drops the oldest and records how many. Manual sections
"State" (stdout) and "Filesystem" (stdout_path).
"""

import os
from collections.abc import Mapping

from porto.kernel.ports import Files
from porto.observers.sources import Computed, Reader, RootReader, Sources, plain
from porto.observers.viewer import Viewer
from porto.spec.codecs import StreamText
from porto.spec.containers import effective
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import InvalidData, InvalidValue, Permission
from porto.spec.prop import Rejected

_WINDOW = StreamText()


def kept_path(sources: Sources, record: ContainerRecord, stream: str) -> str | None:
    """Host path of the file that keeps ``stdout`` or ``stderr``.

    None when the output is discarded or goes to a descriptor of the client.
    """
    number = effective.STREAMS.index(stream)
    return effective.stream(sources.lineage(record), number, sources.config.paths.work).file


def dropped(record: ContainerRecord, stream: str) -> int:
    """Bytes of a stream that rotation has dropped."""
    status = record.status
    return status.streams.stdout_offset if stream == "stdout" else status.streams.stderr_offset


def _read_window(
    files: Files, descriptor: int, lost: int, offset: int | None, length: int, subject: str
) -> bytes:
    size = os.fstat(descriptor).st_size
    # A file that could not be collapsed begins with a hole instead of being moved.
    first = files.first_data(descriptor)
    if offset is None:
        start = max(size - length, first)
    elif offset < lost:
        raise InvalidData(f"{subject}: only what follows offset {lost} is kept")
    else:
        start = offset - lost + first
    parts: list[bytes] = []
    end = min(start + length, size)
    while start < end:
        data = os.pread(descriptor, min(end - start, 1 << 20), start)
        if not data:
            break
        parts.append(data)
        start += len(data)
    return b"".join(parts)


def _stream(name: str) -> Reader:
    def read(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
        shown = name if index is None else f"{name}[{index}]"
        subject = f"cannot get {shown} of {record.name}"
        try:
            offset, length = (None, None) if index is None else _WINDOW.window(index)
        except Rejected as refusal:
            raise InvalidValue(f"{subject}: {refusal.reason}") from refusal
        path = kept_path(sources, record, name)
        if path is None:
            raise InvalidData(f"{subject}: it is not kept in a file")
        if length is None:
            length = record.spec.streams.stdout_limit
        length = min(length, sources.config.container.std_stream_read_limit)
        try:
            descriptor = sources.kernel.files.open_regular(path, os.O_RDONLY)
        except PermissionError as error:
            raise Permission(f"{subject}: {path}: {error.strerror}") from error
        except OSError as error:
            raise InvalidData(f"{subject}: {path}: {error.strerror}") from error
        try:
            data = _read_window(
                sources.kernel.files, descriptor, dropped(record, name), offset, length, subject
            )
        except OSError as error:
            raise InvalidData(f"{subject}: {path}: {error.strerror}") from error
        finally:
            os.close(descriptor)
        return data.decode("utf-8", "surrogateescape")

    return read


def _root_stream(name: str) -> RootReader:
    def read(sources: Sources, index: str | None, viewer: Viewer) -> str:
        raise InvalidData(f"cannot get {name} of /: the host keeps no output")

    return read


READERS: Mapping[str, Reader] = {
    "stdout": _stream("stdout"),
    "stderr": _stream("stderr"),
    "stdout_offset": plain("stdout_offset", lambda _, record: str(dropped(record, "stdout"))),
    "stderr_offset": plain("stderr_offset", lambda _, record: str(dropped(record, "stderr"))),
}

ROOT_READERS: Mapping[str, RootReader] = {
    name: _root_stream(name) for name in ("stdout", "stderr", "stdout_offset", "stderr_offset")
}

COMPUTED: Mapping[str, Computed] = {}
