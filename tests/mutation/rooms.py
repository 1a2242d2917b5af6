"""The pure rooms, and the tests that must notice a change in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class UnknownRoom(Exception):
    """A word of the command line that names no room and no file of one."""


@dataclass(frozen=True)
class Room:
    """Files that are changed together, and the tests that are asked about them."""

    name: str
    sources: tuple[str, ...]
    """Globs of files, from the checkout."""
    tests: tuple[str, ...]
    """Files and directories of tests. mutmut notes which functions each test calls and asks
    about a changed function only those, so this is a bound, not a mapping."""
    besides: tuple[str, ...] = ()
    """Files among the sources that are not pure; they are tested where the kernel is."""

    def files(self, root: Path) -> list[str]:
        """The files there are, from the checkout."""
        found = {path for glob in self.sources for path in root.glob(glob)}
        found -= {root / path for path in self.besides}
        return sorted(str(path.relative_to(root)) for path in found)


_CONTAINERS = "tests/unit/reconcilers/containers"

ROOMS = (
    Room("codecs", ("porto/spec/codecs/*.py",), ("tests/unit/spec", "tests/property")),
    Room(
        "records",
        (
            "porto/spec/catalog.py",
            "porto/spec/records/*.py",
            "porto/spec/store.py",
            "porto/spec/undo.py",
        ),
        ("tests/unit/spec", "tests/property"),
    ),
    Room(
        "rules",
        (
            "porto/spec/containers/rules/*.py",
            "porto/spec/containers/device_access.py",
            "porto/spec/device_rules.py",
        ),
        ("tests/unit/spec", "tests/property"),
    ),
    Room(
        "sources",
        (
            "porto/spec/sources/*.py",
            "porto/spec/containers/documents.py",
            "porto/spec/containers/restarts.py",
            "porto/spec/containers/sources.py",
        ),
        (
            "tests/unit/spec/sources",
            "tests/unit/spec/test_kinds.py",
            "tests/property/test_ct_file.py",
        ),
    ),
    Room(
        "authority",
        ("porto/api/auth.py", "porto/api/masks.py", "porto/api/names.py"),
        tuple(f"tests/unit/api/test_{name}.py" for name in ("auth", "authority", "masks", "names")),
    ),
    Room(
        "cpu sets",
        ("porto/reconcilers/host/cpuset/solve.py",),
        ("tests/unit/reconcilers/host", "tests/property/test_cpu_sets.py"),
    ),
    Room(
        "engine",
        ("porto/reconcilers/engine/*.py",),
        ("tests/unit/reconcilers/engine", _CONTAINERS),
        besides=("porto/reconcilers/engine/jobs_programs.py",),
    ),
    Room("facets", ("porto/reconcilers/containers/facets/*.py",), (_CONTAINERS,)),
    Room(
        "decide",
        (
            "porto/reconcilers/containers/decide.py",
            "porto/reconcilers/containers/effects.py",
            "porto/reconcilers/containers/life/*.py",
            "porto/reconcilers/containers/memory.py",
            "porto/reconcilers/containers/reconciler.py",
            "porto/reconcilers/containers/takeover.py",
            "porto/reconcilers/containers/upkeep.py",
        ),
        (_CONTAINERS,),
    ),
)


def chosen(root: Path, words: Sequence[str]) -> list[tuple[Room, list[str]]]:
    """The rooms to look at, each with its files.

    Args:
        root: the checkout.
        words: names of rooms, files and directories; none means everything.

    Raises:
        UnknownRoom: a word means nothing here.
    """
    files = {room: room.files(root) for room in ROOMS}
    wanted = {room: set[str]() for room in ROOMS}
    for word in words or [room.name for room in ROOMS]:
        path = word.rstrip("/")
        before = sum(map(len, wanted.values()))
        for room, there in files.items():
            wanted[room].update(
                file
                for file in there
                if room.name == word or file == path or file.startswith(f"{path}/")
            )
        if words and sum(map(len, wanted.values())) == before:
            names = ", ".join(room.name for room in ROOMS)
            raise UnknownRoom(f"{word}: no room ({names}) and no file of one")
    return [(room, sorted(found)) for room, found in wanted.items() if found]
