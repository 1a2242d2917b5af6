"""The controller of disk input and output (blkio on v1) of v1.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/io.py`. Kernel:
admin-guide/cgroup-v1.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group_files import GroupFiles

CANONICAL: Mapping[str, Callable[[str], str]] = {}


class IoV1:
    """See `meaning.io.Io`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """Nothing yet."""
        return {}
