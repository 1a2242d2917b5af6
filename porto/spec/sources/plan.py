"""What a pass over the files has to change: pure decisions, one container at a time.

Called by `sources/apply.py` right before each change, with the record as it is at
that moment, and by tests and dry runs through `plan_sources`. The rules:

- A claim without a record creates the container, owned by the file (`ContainerRecord.source`),
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
  another file declares the name, the container is handed over instead.
- A container of a file that somebody destroys stays away until its declaration
  changes, or the host reboots; in an ``enforce`` directory it comes back.
- Parents are never created silently: without one the claim is reported and waits.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from porto.spec.containers.operations import with_property
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import SPEC_PROPERTIES, ContainerSpec, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.records.record import API_ORIGIN, Run
from porto.spec.records.status import Condition
from porto.spec.sources.claims import (
    DIGEST_KEY,
    FILE_KEY,
    START_MARK,
    Claim,
    Claims,
    claimant,
    file_of,
)

RESERVED_PREFIX = "@"
RESTART_REQUIRED = "RestartRequired"


@dataclass(frozen=True, slots=True)
class Create:
    """A container that does not exist yet."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Update:
    """New desired state for a container that exists.

    condition -- what its user should know, None for nothing
    """

    claim: Claim
    record: ContainerRecord
    spec: ContainerSpec
    origins: Mapping[str, str]
    source: str
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Destroy:
    """A container whose file declares it no more."""

    record: ContainerRecord
    path: str


@dataclass(frozen=True, slots=True)
class Release:
    """An adopted container whose file declares it no more."""

    record: ContainerRecord
    origins: Mapping[str, str]


Step = Create | Update | Destroy | Release
LetsGo = Callable[[str, str], bool]


def plan_sources(claims: Claims, store: ContainerStore, dormant: Mapping[str, str]) -> list[Step]:
    """Every step of a pass, were it applied at once."""
    steps: list[Step] = list(plan_removals(claims, store))
    for name, claim in claims.won.items():
        step = plan_claim(claim, store.find(name), claims.lets_go, dormant.get(name))
        if step is not None:
            steps.append(step)
    return steps


def plan_removals(claims: Claims, store: ContainerStore) -> Iterator[Destroy | Release]:
    """What follows from declarations that are gone, parents first."""
    for record in store.records():
        path = claimant(record)
        if not path or record.name in claims.won or record.intent.run is Run.ABSENT:
            continue
        if not claims.lets_go(path, record.name):
            continue
        if record.source:
            yield Destroy(record, path)
        else:
            yield Release(record, _released(record, path))


def plan_claim(
    claim: Claim, record: ContainerRecord | None, lets_go: LetsGo, dormant: str | None
) -> Create | Update | None:
    """What one claim has to change; None for nothing.

    dormant -- digest of the declaration whose container somebody destroyed
    """
    container = claim.container
    asleep = dormant == container.digest and not claim.directory.enforce
    if record is None:
        return None if asleep else Create(claim)
    if record.intent.run is Run.ABSENT or (asleep and FILE_KEY not in record.origins):
        return None
    changed = record.origins.get(DIGEST_KEY) != container.digest
    if changed or claim.directory.enforce:
        spec, origins = _written(record, claim, lets_go)
    else:
        spec, origins = record.spec, _refreshed(record, claim)
    launch = changed_at_launch(record.spec, spec)
    condition = None
    if record.intent.run is Run.STOPPED:
        never_started = record.intent.launch == 0 and record.status.life.state is State.STOPPED
        if container.start and (changed or never_started):
            origins[START_MARK] = str(record.intent.launch)
    elif launch and (record.status.life.state is not State.DEAD or container.start):
        if claim.directory.restart:
            origins[START_MARK] = str(record.intent.launch)
        else:
            condition = _restart_required(claim, launch)
    source = claim.path if record.source else ""
    if spec is record.spec and origins == record.origins and source == record.source:
        return None
    return Update(claim, record, spec, origins, source, condition)


def created_origins(claim: Claim) -> dict[str, str]:
    """The origins of a container that a claim creates."""
    named = {prop.name: claim.origin(prop.name) for prop in claim.container.values}
    return {**named, FILE_KEY: claim.path, DIGEST_KEY: claim.container.digest}


def changed_at_launch(old: ContainerSpec, new: ContainerSpec) -> tuple[str, ...]:
    """Names of the properties that differ and count only at the next start."""
    if old is new:
        return ()
    names = [
        prop.name
        for prop in SPEC_PROPERTIES
        if not prop.prop.dynamic and old.value(prop) != new.value(prop)
    ]
    # Setting either of the two sets both.
    return tuple(name for name in names if name != "command_argv" or "command" not in names)


def _written(
    record: ContainerRecord, claim: Claim, lets_go: LetsGo
) -> tuple[ContainerSpec, dict[str, str]]:
    spec, origins = record.spec, dict(record.origins)
    values = claim.container.values
    named = {prop.name for prop in values}
    for key, origin in record.origins.items():
        path = file_of(origin)
        if key in named or not path or key.startswith(RESERVED_PREFIX):
            continue
        if path == claim.path or lets_go(path, record.name):
            spec = spec.without_value(find_property(key))
            del origins[key]
    argv = find_property("command_argv")
    for prop in sorted(values, key=lambda item: item.name):
        clears_argv = prop.name == "command" and argv.name not in named and spec.is_set(argv)
        if clears_argv or not spec.is_set(prop) or spec.value(prop) != values[prop]:
            spec = with_property(spec, prop, values[prop])
        if clears_argv:
            origins.pop(argv.name, None)
        origins[prop.name] = claim.origin(prop.name)
    origins[FILE_KEY] = claim.path
    origins[DIGEST_KEY] = claim.container.digest
    return spec, origins


def _refreshed(record: ContainerRecord, claim: Claim) -> dict[str, str]:
    """The same origins, for a declaration that only stands elsewhere now."""
    origins = dict(record.origins)
    ours = {claim.path, claimant(record)}
    for key, origin in record.origins.items():
        if key in claim.container.lines and file_of(origin) in ours:
            origins[key] = claim.origin(key)
    origins[FILE_KEY] = claim.path
    return origins


def _released(record: ContainerRecord, path: str) -> dict[str, str]:
    return {
        key: API_ORIGIN if file_of(origin) == path else origin
        for key, origin in record.origins.items()
        if not key.startswith(RESERVED_PREFIX)
    }


def _restart_required(claim: Claim, names: tuple[str, ...]) -> Condition:
    lines = [claim.container.lines.get(name, claim.container.line) for name in names]
    message = (
        f"cannot change {', '.join(names)} of {claim.name} while it is started: "
        f"restart it to apply {claim.path}:{min(lines)}"
    )
    return Condition(RESTART_REQUIRED, find_property(names[0]).prop.owner, message)
