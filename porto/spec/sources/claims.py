"""Which file declares which container, over all watched directories.

Called by `sources/apply.py` with the snapshots of one pass; pure. The rules:

- the first file to claim a name keeps it, the second is reported. First is who the
  store says (a record remembers its file), else who was first in this daemon's life,
  else the order of the configured directories and of the paths;
- a file of an ``enforce`` directory takes a name from one that is not;
- a file with faults keeps what it has: it neither gains nor loses a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.sources.ct_file import NAME_KEY
from porto.spec.sources.declare import DeclaredContainer
from porto.spec.sources.diagnostics import Diagnostic, shown
from porto.spec.sources.directory import Snapshot, WatchedDirectory, is_under

FILE_KEY = "@file"
DIGEST_KEY = "@digest"
START_MARK = "@start"
"""Reserved keys among a record's origins; no property begins with @.

FILE_KEY   -- path of the file whose declaration was applied last
DIGEST_KEY -- that declaration's digest: while it is equal, nothing is to be done
START_MARK -- see `sources/restart.py`
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A container that a file declares, with the policy of the file's directory."""

    path: str
    container: DeclaredContainer
    directory: WatchedDirectory
    rank: int

    @property
    def name(self) -> str:
        """The container."""
        return self.container.name

    @property
    def actor_origin(self) -> str:
        """Origin of what is done because of this file: ``file:PATH``."""
        return f"{'enforced' if self.directory.enforce else 'file'}:{self.path}"

    def origin(self, prop: str) -> str:
        """Origin of one property: ``file:PATH:LINE``."""
        return f"{self.actor_origin}:{self.container.lines.get(prop, self.container.line)}"

    def fault(self, reason: str, *, line: int = 0, key: str = "") -> Diagnostic:
        """A diagnostic about this claim."""
        return Diagnostic(self.path, line or self.container.line, key, reason)


@dataclass(frozen=True, slots=True)
class Claims:
    """The outcome of one pass over the files.

    won         -- by name, sorted: parents before children
    diagnostics -- claims that lost
    """

    won: Mapping[str, Claim]
    diagnostics: tuple[Diagnostic, ...]
    _snapshots: Sequence[Snapshot]
    _declared: Mapping[str, frozenset[str]]

    def covers(self, path: str) -> bool:
        """Whether `path` lies in a watched directory."""
        return any(is_under(path, snapshot.directory.path) for snapshot in self._snapshots)

    def lets_go(self, path: str, name: str) -> bool:
        """Whether `path` certainly declares container `name` no more."""
        if path in self._declared:
            return name not in self._declared[path]
        return self.covers(path) and not any(_holds(path, item) for item in self._snapshots)


def is_file_origin(origin: str) -> bool:
    """Whether a file wanted it, not a client and not the daemon itself."""
    return origin.startswith(("file:", "enforced:"))


def file_of(origin: str) -> str:
    """The path in ``file:PATH:LINE`` or ``enforced:PATH:LINE``, "" for others."""
    if not is_file_origin(origin):
        return ""
    return origin.partition(":")[2].rpartition(":")[0]


def claimant(record: ContainerRecord) -> str:
    """The file that a record remembers, "" for none."""
    return record.origins.get(FILE_KEY, record.source)


def resolve(
    snapshots: Sequence[Snapshot], store: ContainerStore, earlier: Mapping[str, str]
) -> Claims:
    """Decide every claim; `earlier` tells who had which name in the last pass."""
    declared: dict[str, frozenset[str]] = {}
    by_name: dict[str, list[Claim]] = {}
    for rank, snapshot in enumerate(snapshots):
        for path, document in snapshot.documents.items():
            if document.diagnostics or path in declared:
                continue
            declared[path] = frozenset(item.name for item in document.containers)
            for container in document.containers:
                claim = Claim(path, container, snapshot.directory, rank)
                by_name.setdefault(container.name, []).append(claim)
    claims = Claims({}, (), tuple(snapshots), declared)
    won: dict[str, Claim] = {}
    lost: list[Diagnostic] = []
    for name in sorted(by_name):
        record = store.find(name)
        holder = (claimant(record) if record else "") or earlier.get(name, "")
        ordered = sorted(
            by_name[name],
            key=lambda item: (
                not item.directory.enforce, item.path != holder, item.rank, item.path,
            ),
        )  # fmt: skip
        kept = holder and holder not in declared and not claims.lets_go(holder, name)
        if kept and claims.covers(holder) and not ordered[0].directory.enforce:
            lost += [_lost(claim, holder, 0) for claim in ordered]
            continue
        won[name] = ordered[0]
        lost += [_lost(item, won[name].path, won[name].container.line) for item in ordered[1:]]
    return Claims(won, tuple(lost), tuple(snapshots), declared)


def _lost(claim: Claim, holder: str, line: int) -> Diagnostic:
    where = f"{holder}:{line}" if line else holder
    reason = f"{shown(claim.name)} is declared already by {where}, which keeps it"
    return claim.fault(reason, key=NAME_KEY)


def _holds(path: str, snapshot: Snapshot) -> bool:
    return (
        path in snapshot.documents
        or path in snapshot.pending
        or any(is_under(path, folder) for folder in snapshot.unreadable)
    )
