"""One watched directory: what its files say now.

Called by `sources/watch.py` from a worker thread; the snapshots go to
`sources/claims.py`. A scan is cheap when nothing changed: a file is read again only
when its identity, size or times differ. Nothing here decides what follows from a
file that appeared, changed or went away.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from porto.spec.config import REMOVAL_MAX_PERCENT
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.documents import Document, is_source_name, parse_document, refused
from porto.spec.sources.files import (
    FileKey,
    FileRefused,
    Rules,
    check_directory,
    os_reason,
    read_file,
)

FILES_MAX = 20_000
FOLDER_DEPTH_MAX = 16
FUTURE_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedDirectory:
    """A directory of source files, as configured.

    recursive -- whether sub-directories count; not in the containers directory
    enforce   -- its values win over every other writer
    restart   -- a changed launch-time property restarts a started container at
                 once; otherwise the change is reported as RestartRequired
    removal_max_percent -- how much of it one look may remove, see `sources/removal_cap.py`
    """

    path: str
    recursive: bool = True
    enforce: bool = False
    restart: bool = True
    removal_max_percent: int = REMOVAL_MAX_PERCENT


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a directory holds at one moment.

    documents   -- by path, sorted; files with faults are in it
    unreadable  -- directories that could not be read: whatever is declared below
                   them is neither confirmed nor gone
    pending     -- files that are there but whose content is not known yet
    settled     -- False: something is being written, look again soon
    diagnostics -- faults of directories (those of files are in the documents)
    folders     -- the directories that were read, symbolic links not resolved
    links       -- source files and directories that are symbolic links
    """

    directory: WatchedDirectory
    documents: dict[str, Document]
    unreadable: tuple[str, ...]
    pending: frozenset[str]
    settled: bool
    diagnostics: tuple[Diagnostic, ...]
    folders: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(slots=True)
class Look:
    """A scan under way.

    found -- by path: what stat says of a file, or the document that says why not
    due   -- files that have changed and are settled, to be read
    """

    now_ns: int
    settle_ns: int
    settled: bool = True
    due: list[str] = field(default_factory=list)
    found: dict[str, os.stat_result | Document] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)


class DirectoryScanner:
    """Scans one directory again and again; remembers what it read."""

    def __init__(
        self,
        directory: WatchedDirectory,
        dialects: Dialects,
        *,
        rules: Rules | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.directory = directory
        self._dialects = dialects
        self._rules = rules if rules is not None else Rules.of_this_process()
        self._now_ns = now_ns
        self._documents: dict[str, Document] = {}
        self._keys: dict[str, FileKey] = {}
        self._missing_ns: dict[str, int] = {}

    def scan(self, *, settle_ns: int = 0) -> Snapshot:
        """The directory's present state.

        With `settle_ns` a file counts only when nobody has written to it for so
        long, and as removed only when it stays away for so long; the snapshot is
        then not `settled`.
        """
        look = self.look(settle_ns=settle_ns)
        self.read(look, look.due)
        return self.conclude(look)

    def look(self, *, settle_ns: int = 0) -> Look:
        """List the directory without reading files; first step of a scan."""
        look = Look(self._now_ns(), settle_ns)
        root = self.directory.path
        try:
            found = self._check_folder(root)
            look.seen.add((found.st_dev, found.st_ino))
            self._walk(root, 0, look)
        except FileNotFoundError:
            look.unreadable.append(root)  # missing: its files may come back with it
        except (FileRefused, OSError) as error:
            self._folder_fault(root, error, look)
        for path, item in look.found.items():
            if isinstance(item, Document) or self._keys.get(path) == FileKey.of(item):
                continue
            age_ns = look.now_ns - item.st_ctime_ns
            # A little younger than the look itself is young; far in the future is a
            # clock that is set wrong, which must not keep a file from ever counting.
            if settle_ns and -FUTURE_NS < age_ns < settle_ns:
                look.settled = False
            else:
                look.due.append(path)
        return look

    def read(self, look: Look, paths: Sequence[str]) -> None:
        """Read some of the files that are due; second step, in as many parts as wanted."""
        for path in paths:
            self._read(path, look)

    def conclude(self, look: Look) -> Snapshot:
        """The snapshot; last step of a scan."""
        for path, found in look.found.items():
            if isinstance(found, Document):
                self._documents[path] = found
                self._keys.pop(path, None)
        self._forget_missing(look)
        documents = dict(sorted(self._documents.items()))
        return Snapshot(
            directory=self.directory,
            documents=documents,
            unreadable=tuple(look.unreadable),
            pending=frozenset(look.found.keys() - documents.keys()),
            settled=look.settled,
            diagnostics=tuple(look.diagnostics),
            folders=tuple(look.folders),
            links=tuple(look.links),
        )

    def _read(self, path: str, look: Look) -> None:
        found = look.found[path]
        if isinstance(found, Document):
            return
        try:
            data, key = read_file(path, self._rules)
        except FileNotFoundError:
            del look.found[path]
            look.settled = False
        except FileRefused as refusal:
            self._keys[path] = FileKey.of(found)
            self._documents[path] = refused(path, refusal.reason)
        except OSError as error:
            self._keys.pop(path, None)
            self._documents[path] = refused(path, f"cannot be read: {os_reason(error)}")
        else:
            if key is None:  # somebody is writing to it: what we have is half a file
                look.settled = False
                return
            self._documents[path] = parse_document(data, path, self._dialects)
            self._keys[path] = key

    def _forget_missing(self, look: Look) -> None:
        missing: dict[str, int] = {}
        for path in self._documents.keys() - look.found.keys():
            if any(is_under(path, folder) for folder in look.unreadable):
                continue
            since = self._missing_ns.get(path, look.now_ns)
            if 0 <= look.now_ns - since < look.settle_ns:
                missing[path] = since
                look.settled = False
                continue
            del self._documents[path]
            self._keys.pop(path, None)
        self._missing_ns = missing

    def _walk(self, folder: str, depth: int, look: Look) -> None:
        look.folders.append(folder)
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            if len(look.found) >= FILES_MAX:
                if self.directory.path not in look.unreadable:
                    look.unreadable.append(self.directory.path)
                    reason = f"holds more than {FILES_MAX} files; the rest is not read"
                    look.diagnostics.append(Diagnostic(self.directory.path, 0, "", reason))
                return
            if entry.name.startswith("."):
                continue
            if is_source_name(entry.name):
                self._file(entry, depth, look)
            elif self.directory.recursive and entry.is_dir():
                self._sub_folder(entry, depth, look)

    def _file(self, entry: os.DirEntry[str], depth: int, look: Look) -> None:
        try:
            found = entry.stat()
            if entry.is_symlink():
                look.links.append(entry.path)
                # The link is in a directory of ours; its target must be safe as well.
                target = os.path.dirname(os.path.realpath(entry.path))
                check_directory(os.stat(target), self._rules)
            if stat.S_ISDIR(found.st_mode) and self.directory.recursive:
                self._sub_folder(entry, depth, look)
                return
            look.found[entry.path] = found
        except FileRefused as refusal:
            look.found[entry.path] = refused(entry.path, refusal.reason)
        except FileNotFoundError:
            if entry.is_symlink():
                look.found[entry.path] = refused(entry.path, "the symbolic link leads nowhere")
        except OSError as error:
            look.found[entry.path] = refused(entry.path, f"cannot be read: {os_reason(error)}")

    def _sub_folder(self, entry: os.DirEntry[str], depth: int, look: Look) -> None:
        if depth >= FOLDER_DEPTH_MAX:
            reason = f"more than {FOLDER_DEPTH_MAX} directories deep; it is not read"
            self._folder_fault(entry.path, FileRefused(reason), look)
            return
        if entry.is_symlink():
            look.links.append(entry.path)
        try:
            found = self._check_folder(entry.path)
            # A directory that two links lead to is read once; a loop ends here.
            identity = (found.st_dev, found.st_ino)
            if identity not in look.seen:
                look.seen.add(identity)
                self._walk(entry.path, depth + 1, look)
        except FileNotFoundError:
            if entry.is_symlink():
                look.unreadable.append(entry.path)
        except (FileRefused, OSError) as error:
            self._folder_fault(entry.path, error, look)

    def _check_folder(self, folder: str) -> os.stat_result:
        found = os.stat(folder)
        if not stat.S_ISDIR(found.st_mode):
            raise FileRefused("it is not a directory")
        check_directory(found, self._rules)
        return found

    @staticmethod
    def _folder_fault(folder: str, error: FileRefused | OSError, look: Look) -> None:
        reason = (
            error.reason
            if isinstance(error, FileRefused)
            else f"cannot be read: {os_reason(error)}"
        )
        look.unreadable.append(folder)
        look.diagnostics.append(Diagnostic(folder, 0, "", reason.replace("its directory", "it")))


def is_under(path: str, folder: str) -> bool:
    """Whether `path` lies below `folder`."""
    return path.startswith(folder.rstrip("/") + "/")


def faults(snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Everything that is wrong with a directory and its files."""
    yield from snapshot.diagnostics
    for document in snapshot.documents.values():
        yield from document.diagnostics
