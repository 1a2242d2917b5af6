"""Running out of memory: one meaning over `v1/oom.py` and `v2/oom.py`.

Reached as ``driver.oom``. Only a group with a memory controller of its own can be told
apart from its ancestors; for others everything here is nothing.
"""

from typing import Protocol

from porto.kernel.cgroup.group import Group


class Oom(Protocol):
    """What the kernel says about the OOM killer in one group."""

    def kills(self, group: Group) -> int:
        """Tasks of this group itself that the OOM killer has killed since it was made.

        A group without the controller shows its nearest ancestor's.
        """

    def count(self, group: Group) -> int:
        """A number that grows whenever the group is affected.

        A task of its own was killed, or its own limit was the reason, as far as the
        kernel counts that. 0 without a memory controller of its own.
        """

    def arm(self, group: Group) -> int | None:
        """A descriptor that becomes readable when the group runs out of memory.

        So it does when a limit above it is the reason. None where the directory's events
        file tells it. The caller reads (eventfd) and closes it.
        """

    def events_name(self) -> str | None:
        """The events file in the group's directory that changes then, None where `arm` serves."""
