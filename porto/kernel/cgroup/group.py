"""Where one container's cgroups are, as a value.

Made by the drivers (`v1/driver.py`, `v2/driver.py`), passed to everything that reads or
writes knobs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Group:
    """The cgroups of one container.

    name        -- the container's full name
    directories -- absolute directory by controller name, also for controllers that
                   are shared with an ancestor; on v2 one directory serves all
    own         -- the directories that belong to this container alone, parents of
                   nothing else; the freezer's first
    """

    name: str
    directories: Mapping[str, str] = field(hash=False)
    own: tuple[str, ...]

    @property
    def freezer(self) -> str:
        """The directory that holds exactly this container's tasks and children."""
        return self.directories["freezer"]

    def owns(self, controller: str) -> bool:
        """Whether it has this controller itself, not an ancestor's."""
        return self.directories.get(controller) in self.own
