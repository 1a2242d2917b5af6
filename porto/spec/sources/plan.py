"""What a pass over the files has to change: pure decisions, one object at a time.

Called by `sources/apply.py` right before each change, with the record as it is at
that moment. The rules, which speak of containers and hold for any kind:

- A claim without a record creates the container, owned by the file (`Record.source`),
  and starts it unless ``start`` is false.
- A claim on a container that somebody else created adopts it: the fields that the
  file names become the file's, the container does not. When the file goes, the
  container and its values stay, and the fields are the API's again.
- A declaration is written as a whole when its digest differs from the one in the
  record: fields that are named are set (the last writer wins), fields that this file
  set before and names no more go back to their default, all others are left alone.
  While the digest is equal nothing is touched, whatever the API has set since; an
  ``enforce`` directory compares and repairs in each pass.
- A changed declaration starts the container again, also after an explicit stop,
  unless ``start`` is false. ``start: false`` never stops anything.
- A container that dies is not started again by an unchanged file.
- A launch-time field that changes while the container is started restarts it where
  the directory says so; otherwise it is reported as RestartRequired.
- A file or a declaration in it that goes away destroys the container it owns, but not
  one in which something that does not go with it lives; weak containers do go. When
  another file declares the name, the container is handed over instead. When most of a
  directory goes at once nothing of it is removed: `sources/removal_cap.py`.
- A container of a file that somebody destroys stays away until its declaration
  changes, or the host reboots; in an ``enforce`` directory it comes back.
- Parents are never created silently: without one the claim is reported and waits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from porto.spec.facets import Spec
from porto.spec.prop import Property
from porto.spec.records.record import API_ORIGIN, MARK_PREFIX, Record, Run
from porto.spec.records.status import Condition
from porto.spec.sources.claims import (
    DIGEST_KEY,
    FILE_KEY,
    HELD_MARK,
    START_MARK,
    Claim,
    Claims,
    Subject,
    claimant,
    file_of,
    subject_of,
)
from porto.spec.sources.dialect import Dialect

RESTART_REQUIRED = "RestartRequired"


@dataclass(frozen=True, slots=True)
class Create:
    """An object that does not exist yet."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Update:
    """New desired state for an object that exists.

    condition -- what its user should know, None for nothing
    """

    claim: Claim
    record: Record
    spec: Spec
    origins: Mapping[str, str]
    source: str
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Destroy:
    """An object whose file declares it no more."""

    record: Record
    path: str


@dataclass(frozen=True, slots=True)
class Release:
    """An adopted object whose file declares it no more."""

    record: Record
    origins: Mapping[str, str]


LetsGo = Callable[[str, Subject], bool]


def plan_removals(claims: Claims, records: Iterable[Record]) -> Iterator[Destroy | Release]:
    """What follows from declarations that are gone, parents first."""
    for record in records:
        path, subject = claimant(record), subject_of(record)
        if not path or subject in claims.won or record.intent.run is Run.ABSENT:
            continue
        if not claims.lets_go(path, subject):
            continue
        if record.source:
            yield Destroy(record, path)
        else:
            yield Release(record, _released(record, path))


def plan_claim(
    claim: Claim, record: Record | None, lets_go: LetsGo, dormant: str | None
) -> Create | Update | None:
    """What one claim has to change; None for nothing.

    dormant -- digest of the declaration whose object somebody destroyed
    """
    declared, dialect = claim.declared, claim.declared.dialect
    asleep = dormant == declared.digest and not claim.directory.enforce
    if record is None:
        return None if asleep else Create(claim)
    if record.intent.run is Run.ABSENT or (asleep and FILE_KEY not in record.origins):
        return None
    changed = record.origins.get(DIGEST_KEY) != declared.digest
    if changed or claim.directory.enforce:
        spec, origins = _written(record, claim, lets_go)
    else:
        spec, origins = record.spec, _refreshed(record, claim)
    relaunch = changed_at_launch(dialect, record.spec, spec)
    condition = None
    mark = dialect.mark(record, declared.start, changed, bool(relaunch))
    if mark and (record.intent.run is Run.STOPPED or claim.directory.restart):
        origins[START_MARK] = mark
    elif mark:
        condition = _restart_required(claim, relaunch)
    source = claim.path if record.source else ""
    if spec is record.spec and origins == record.origins and source == record.source:
        return None
    return Update(claim, record, spec, origins, source, condition)


def created_origins(claim: Claim) -> dict[str, str]:
    """The origins of an object that a claim creates."""
    named = {prop.name: claim.origin(prop.name) for prop in claim.declared.values}
    return {**named, FILE_KEY: claim.path, DIGEST_KEY: claim.declared.digest}


def changed_at_launch(dialect: Dialect, old: Spec, new: Spec) -> tuple[str, ...]:
    """Names of the properties that differ and count only at the next start."""
    if old is new:
        return ()
    names = [
        prop.name
        for prop in dialect.kind.settable
        if not prop.prop.dynamic and old.value(prop) != new.value(prop)
    ]
    # Setting one of a pair sets both.
    implied = {other for name, other in dialect.pairs.items() if name in names}
    return tuple(name for name in names if name not in implied)


def _written(record: Record, claim: Claim, lets_go: LetsGo) -> tuple[Spec, dict[str, str]]:
    spec, origins = record.spec, dict(record.origins)
    dialect, values = claim.declared.dialect, claim.declared.values
    properties = dialect.kind.properties
    named = {prop.name for prop in values}
    for key, origin in record.origins.items():
        path = file_of(origin)
        if key in named or not path or key.startswith(MARK_PREFIX):
            continue
        if path == claim.path or lets_go(path, claim.subject):
            spec = spec.without_value(properties[key])
            del origins[key]
    for prop in sorted(values, key=lambda item: item.name):
        replaced = _replaced(dialect, prop, named, spec)
        if replaced or not spec.is_set(prop) or spec.value(prop) != values[prop]:
            spec = dialect.assign(spec, prop, values[prop])
        if replaced:
            origins.pop(replaced, None)
        origins[prop.name] = claim.origin(prop.name)
    origins[FILE_KEY] = claim.path
    origins[DIGEST_KEY] = claim.declared.digest
    origins.pop(HELD_MARK, None)
    return spec, origins


def _replaced(dialect: Dialect, prop: Property, named: set[str], spec: Spec) -> str:
    """The other one of a pair that goes when `prop` is set alone, "" for none."""
    other = dialect.pairs.get(prop.name, "")
    if not other or other in named or not spec.is_set(dialect.kind.properties[other]):
        return ""
    return other


def _refreshed(record: Record, claim: Claim) -> dict[str, str]:
    """The same origins, for a declaration that only stands elsewhere now."""
    origins = dict(record.origins)
    ours = {claim.path, claimant(record)}
    for key, origin in record.origins.items():
        if key in claim.declared.lines and file_of(origin) in ours:
            origins[key] = claim.origin(key)
    origins[FILE_KEY] = claim.path
    origins.pop(HELD_MARK, None)
    return origins


def _released(record: Record, path: str) -> dict[str, str]:
    return {
        key: API_ORIGIN if file_of(origin) == path else origin
        for key, origin in record.origins.items()
        if not key.startswith(MARK_PREFIX)
    }


def _restart_required(claim: Claim, names: tuple[str, ...]) -> Condition:
    lines = [claim.declared.lines.get(name, claim.declared.line) for name in names]
    message = (
        f"cannot change {', '.join(names)} of {claim.name} while it is started: "
        f"restart it to apply {claim.path}:{min(lines)}"
    )
    owner = claim.declared.dialect.kind.properties[names[0]].prop.owner
    return Condition(RESTART_REQUIRED, owner, message)
