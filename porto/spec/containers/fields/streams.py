"""Standard streams: where they come from and go to, how much is kept.

Manual sections "Filesystem" and "State"; applied by `facets/streams.py`,
rotated by `facets/rotation.py`, read by `observers/streams.py`.
"""

from dataclasses import dataclass
from typing import Annotated

from porto.spec.codecs import Int, PathText, Size, StreamText
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop
from porto.spec.records.status import Part

STDOUT_LIMIT_DEFAULT = 8 << 20


class StreamFields(Facet):
    """stdin, stdout and stderr of the main process."""

    stdin_path: Annotated[str, PathText(), Prop(owner="streams", example="/dev/null")] = "/dev/null"
    """File read as standard input; /dev/fd/N takes descriptor N of the client that
    starts the container."""

    stdout_path: Annotated[str, PathText(), Prop(owner="streams", example="/dev/null")] = "stdout"
    """File for standard output; default: a rotated file in the container's own
    directory. /dev/fd/N takes descriptor N of the client that starts the container."""

    stderr_path: Annotated[str, PathText(), Prop(owner="streams", example="/dev/null")] = "stderr"
    """File for standard error; see stdout_path."""

    stdout_limit: Annotated[int, Size(), Prop(owner="rotation", dynamic=True, example="1M")] = (
        STDOUT_LIMIT_DEFAULT
    )
    """Bytes of stdout and of stderr that are kept; older ones are dropped."""


class StreamReadings(Facet):
    """Kept output."""

    stdout: Annotated[
        str, StreamText(), reading("streams", example="Hello, world!", runtime=True)
    ] = ""
    """Standard output; [offset][:length] selects a part."""

    stderr: Annotated[
        str, StreamText(), reading("streams", example="no such file", runtime=True)
    ] = ""
    """Standard error; [offset][:length] selects a part."""

    stdout_offset: Annotated[int, Int(), reading("streams", example="0", runtime=True)] = 0
    """Bytes of stdout that were dropped from the beginning."""

    stderr_offset: Annotated[int, Int(), reading("streams", example="0", runtime=True)] = 0
    """Bytes of stderr that were dropped from the beginning."""


@dataclass(frozen=True, slots=True)
class StreamsStatus(Part):
    """What is noted: bytes that rotation has dropped from the beginning."""

    stdout_offset: int = 0
    stderr_offset: int = 0
