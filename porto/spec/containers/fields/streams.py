"""Standard streams: where they come from and go to, how much is kept.

Manual sections "Filesystem" and "State"; applied by `facets/streams.py`,
rotated by `facets/rotation.py`, read by `observers/streams.py`.
"""

from typing import Annotated

from porto.spec.codecs import PathText, Size
from porto.spec.prop import Facet, Prop

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
