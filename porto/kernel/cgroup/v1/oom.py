"""The OOM killer in groups of v1.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/oom.py`. Kernel:
admin-guide/cgroup-v1/memory.rst, "OOM Control" and "cgroup.event_control".
"""

import os

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles

CONTROL = "memory.oom_control"
EVENT_CONTROL = "cgroup.event_control"


class OomV1:
    """See `meaning.oom.Oom`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def kills(self, group: Group) -> int:
        """``oom_kill`` of memory.oom_control; 0 before Linux 4.13, which does not count."""
        directory = group.directories.get("memory")
        return 0 if directory is None else self._files.count(directory, CONTROL, b"oom_kill")

    def count(self, group: Group) -> int:
        """The tasks killed: a limit that was hit is told by `arm` alone."""
        return self.kills(group) if group.owns("memory") else 0

    def arm(self, group: Group) -> int | None:
        """An eventfd that memory.oom_control signals."""
        if not group.owns("memory"):
            return None
        directory = group.directories["memory"]
        event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            control = os.open(f"{directory}/{CONTROL}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._files.knobs.write(f"{directory}/{EVENT_CONTROL}", f"{event} {control}")
            finally:
                os.close(control)
        except OSError:
            os.close(event)
            raise
        return event

    def events_name(self) -> str | None:
        """None: `arm` serves."""
        return None
