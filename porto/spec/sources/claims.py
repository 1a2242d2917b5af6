"""Which file declares which object, over all watched directories.

Called by `sources/apply.py` with the snapshots of one pass; pure. The rules:

- the first file to claim a name keeps it, the second is reported. First is who the
  store says (a record remembers its file), else who was first in this daemon's life,
  else the order of the configured directories and of the paths;
- a file of an ``enforce`` directory takes a name from one that is not;
- a file with faults keeps what it has: it neither gains nor loses a name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from porto.spec.records.record import Record, is_file_origin
from porto.spec.sources.ct_file import NAME_KEY
from porto.spec.sources.declare import Declared
from porto.spec.sources.diagnostics import Diagnostic, shown
from porto.spec.sources.dialect import DEFAULT_KIND
from porto.spec.sources.directory import Snapshot, WatchedDirectory, is_under

FILE_KEY = "@file"
DIGEST_KEY = "@digest"
START_MARK = "@start"
HELD_MARK = "@held"
"""Reserved keys among a record's origins; no property begins with @.

FILE_KEY   -- path of the file whose declaration was applied last
DIGEST_KEY -- that declaration's digest: while it is equal, nothing is to be done
START_MARK -- set by the kind's `Dialect.mark`, see `containers/restarts.py`
HELD_MARK  -- path of the directory that declares the object no more: it is kept all the
              same, see `sources/removal_cap.py`
"""


class Subject(NamedTuple):
    """What files declare: an object by its kind's noun and its name."""

    kind: str
    name: str

    def __str__(self) -> str:
        """The name; for other kinds than documents' usual one ``KIND//NAME``."""
        return self.name if self.kind == DEFAULT_KIND else f"{self.kind}//{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Subject":
        """The subject of its text."""
        kind, separator, name = text.partition("//")
        return cls(kind, name) if separator else cls(DEFAULT_KIND, text)


def subject_of(record: Record) -> Subject:
    """The subject of which a record is."""
    return Subject(record.kind, record.name)


@dataclass(frozen=True, slots=True)
class Claim:
    """An object that a file declares, with the policy of the file's directory."""

    path: str
    declared: Declared
    directory: WatchedDirectory
    rank: int

    @property
    def name(self) -> str:
        """The object's name."""
        return self.declared.name

    @property
    def subject(self) -> Subject:
        """The object."""
        return Subject(self.declared.dialect.kind.noun, self.declared.name)

    @property
    def actor_origin(self) -> str:
        """Origin of what is done because of this file: ``file:PATH``."""
        return f"{'enforced' if self.directory.enforce else 'file'}:{self.path}"

    def origin(self, prop: str) -> str:
        """Origin of one property: ``file:PATH:LINE``."""
        return f"{self.actor_origin}:{self.declared.lines.get(prop, self.declared.line)}"

    def fault(self, reason: str, *, line: int = 0, key: str = "") -> Diagnostic:
        """A diagnostic about this claim."""
        return Diagnostic(self.path, line or self.declared.line, key, reason)


@dataclass(frozen=True, slots=True)
class Claims:
    """The outcome of one pass over the files.

    won         -- by kind and name, sorted: parents before children
    diagnostics -- claims that lost
    """

    won: Mapping[Subject, Claim]
    diagnostics: tuple[Diagnostic, ...]
    _snapshots: Sequence[Snapshot]
    _declared: Mapping[str, frozenset[Subject]]

    @property
    def directories(self) -> Iterator[WatchedDirectory]:
        """All watched directories, in their order."""
        return (snapshot.directory for snapshot in self._snapshots)

    def covers(self, path: str) -> bool:
        """Whether `path` lies in a watched directory."""
        return any(is_under(path, snapshot.directory.path) for snapshot in self._snapshots)

    def lets_go(self, path: str, subject: Subject) -> bool:
        """Whether `path` certainly declares `subject` no more."""
        if path in self._declared:
            return subject not in self._declared[path]
        return self.covers(path) and not any(_holds(path, item) for item in self._snapshots)


def file_of(origin: str) -> str:
    """The path in ``file:PATH:LINE`` or ``enforced:PATH:LINE``, "" for others."""
    if not is_file_origin(origin):
        return ""
    return origin.partition(":")[2].rpartition(":")[0]


def claimant(record: Record) -> str:
    """The file that a record remembers, "" for none."""
    return record.origins.get(FILE_KEY, record.source)


def resolve(
    snapshots: Sequence[Snapshot],
    find: Callable[[Subject], Record | None],
    earlier: Mapping[Subject, str],
) -> Claims:
    """Decide every claim; `earlier` tells who had which object in the last pass."""
    declared: dict[str, frozenset[Subject]] = {}
    by_subject: dict[Subject, list[Claim]] = {}
    for rank, snapshot in enumerate(snapshots):
        for path, document in snapshot.documents.items():
            if document.diagnostics or path in declared:
                continue
            claims_of = [Claim(path, item, snapshot.directory, rank) for item in document.declared]
            declared[path] = frozenset(claim.subject for claim in claims_of)
            for claim in claims_of:
                by_subject.setdefault(claim.subject, []).append(claim)
    claims = Claims({}, (), tuple(snapshots), declared)
    won: dict[Subject, Claim] = {}
    lost: list[Diagnostic] = []
    for subject in sorted(by_subject):
        record = find(subject)
        holder = (claimant(record) if record else "") or earlier.get(subject, "")
        ordered = sorted(
            by_subject[subject],
            key=lambda item: (
                not item.directory.enforce, item.path != holder, item.rank, item.path,
            ),
        )  # fmt: skip
        kept = holder and holder not in declared and not claims.lets_go(holder, subject)
        if kept and claims.covers(holder) and not ordered[0].directory.enforce:
            lost += [_lost(claim, holder, 0) for claim in ordered]
            continue
        won[subject] = ordered[0]
        lost += [_lost(item, ordered[0].path, ordered[0].declared.line) for item in ordered[1:]]
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
