"""The controller of memory of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/memory.py`. Kernel:
admin-guide/cgroup-v2.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group_files import GroupFiles

CANONICAL: Mapping[str, Callable[[str], str]] = {}


class MemoryV2:
    """See `meaning.memory.Memory`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """Nothing yet."""
        return {}
