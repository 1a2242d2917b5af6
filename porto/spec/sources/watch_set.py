"""Which directories to watch so that no change of the sources goes unseen.

Called by `sources/watch.py` in a worker thread after each pass. Besides the
directories with files these are: the parent of a watched directory (it may be
replaced, or appear only later), the directory of each symbolic link on the way (tools
in the manner of git-sync swap links), and the nearest existing ancestor of what is
missing. Every watch is on one directory, never on a tree: a parent can be ``/``.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from porto.spec.sources.directory import Snapshot

LINKS_MAX = 40


@dataclass(frozen=True, slots=True)
class WatchSet:
    """Directories (symbolic links resolved) and the names that matter in each.

    None in place of names: all of them.
    """

    folders: Mapping[str, frozenset[str] | None]

    def concerns(self, path: str) -> bool:
        """Whether a change of `path` can change what the sources say."""
        if path in self.folders:
            return True
        folder, name = os.path.split(path)
        names = self.folders.get(folder, frozenset())
        return names is None or name in names


def watch_set(snapshots: Sequence[Snapshot]) -> WatchSet:
    """What to watch after a pass that found `snapshots`."""
    found: dict[str, set[str] | None] = {}
    for snapshot in snapshots:
        for folder in snapshot.folders:
            found[os.path.realpath(folder)] = None
    for snapshot in snapshots:
        for path in (snapshot.directory.path, *snapshot.links):
            for folder, name in _way(path):
                names = found.setdefault(folder, set())
                if names is not None:
                    names.add(name)
    return WatchSet(
        {
            folder: None if names is None else frozenset(names)
            for folder, names in sorted(found.items())
        }
    )


def _way(path: str) -> Iterator[tuple[str, str]]:
    """(directory, name) of each symbolic link on the way to `path`, and of its end.

    Where something is missing, the way ends there. The directories are resolved.
    """
    current = "/"
    parts = os.path.abspath(path).split("/")[::-1]
    links = 0
    while parts:
        name = parts.pop()
        if name in ("", "."):
            continue
        if name == "..":
            current = os.path.dirname(current)
            continue
        full = os.path.join(current, name)
        try:
            mode = os.lstat(full).st_mode
            target = os.readlink(full) if stat.S_ISLNK(mode) else ""
        except OSError:
            yield current, name
            return
        if target:
            yield current, name
            links += 1
            if links > LINKS_MAX:
                return
            parts += target.split("/")[::-1]
            if target.startswith("/"):
                current = "/"
            continue
        if not parts:
            yield current, name
        current = full
