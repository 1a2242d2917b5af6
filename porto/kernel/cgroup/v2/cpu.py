"""The controller of CPU time of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/cpu.py`. Kernel:
admin-guide/cgroup-v2.
"""

from collections.abc import Callable, Mapping

from porto.kernel.cgroup.group_files import GroupFiles

CANONICAL: Mapping[str, Callable[[str], str]] = {}


class CpuV2:
    """See `meaning.cpu.Cpu`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """Nothing yet."""
        return {}
