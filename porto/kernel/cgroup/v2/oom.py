"""The OOM killer in groups of v2.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/oom.py`. Kernel:
admin-guide/cgroup-v2.rst, "memory.events".
"""

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles

EVENTS = "memory.events"
LOCAL = "memory.events.local"


class OomV2:
    """See `meaning.oom.Oom`."""

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def kills(self, group: Group) -> int:
        """Tasks killed in the directory itself and, where they have memory groups, in its leaf.

        The leaf has one when a child container has the memory controller.
        """
        directory = group.directories.get("memory")
        if directory is None:
            return 0
        killed = self._files.count(directory, LOCAL, b"oom_kill")
        if group.owns("memory"):
            killed += self._files.count(group.own[1], EVENTS, b"oom_kill")
        return killed

    def count(self, group: Group) -> int:
        """Tasks killed, and how often the group's own limit made the kernel kill."""
        if not group.owns("memory"):
            return 0
        return self.kills(group) + self._files.count(group.own[0], LOCAL, b"oom")

    def arm(self, group: Group) -> int | None:
        """None: the events file of the directory tells it."""
        return None

    def events_name(self) -> str | None:
        """The file that the kernel announces."""
        return EVENTS
