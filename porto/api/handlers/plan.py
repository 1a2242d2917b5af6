"""Plan: what documents, or requests, would change, without doing it.

A plan is carried out in a fork of the store, by the same code as the real requests and
files; the kernel's part is computed by `protocols.Foresight`. A client is told of what `get`
would show it. Our own request: docs/protocol.md.
"""

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from porto.api import dispatch, previews, replies
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.containers import ask_start
from porto.api.handlers.properties import modern, write
from porto.api.handlers.targets import find
from porto.api.previews import PlanReply, with_kernel
from porto.api.slices import sliced
from porto.spec.catalog import Catalog
from porto.spec.containers import operations
from porto.spec.containers.names import ancestors
from porto.spec.containers.outlook import KIND, Turn, outlook, turns, unmoved
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import (
    InvalidValue,
    PortoError,
)
from porto.spec.preview import Action, Foretold, ObjectPlan
from porto.spec.sources.claims import Subject
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.documents import Document, parse_document
from porto.spec.sources.foresee import Proposal
from porto.wire import rpc_pb2

DOCUMENTS_MAX = 2000
DOCUMENT_BYTES_MAX = 1 << 20
"""Of all documents of a request together; the super-user may send eight times as much."""

SUPERUSER_FACTOR = 8
DIRECTORIES_MAX = 100
ACTIONS_MAX = 1000

_REQUESTS = {"set": "setProperty", "start": "start", "stop": "stop", "destroy": "destroy"}
"""The request that an action of a plan stands for."""


@handles("Plan", abandons=True)
def plan(services: Services, session: Session, request: rpc_pb2.TPlanRequest) -> Outcome:
    """What documents, or requests, would change."""
    if request.action:
        if request.document or request.directory:
            raise InvalidValue("cannot plan documents and actions at once")
        if len(request.action) > ACTIONS_MAX:
            raise InvalidValue(f"cannot plan more than {ACTIONS_MAX} actions at once")
        return _plan_actions(services, session, request)
    texts = _texts(session, request)
    return _plan_documents(services, session, texts, tuple(request.directory))


async def _plan_actions(
    services: Services, session: Session, request: rpc_pb2.TPlanRequest
) -> bytes:
    fork = services.store.fork()
    within = dataclasses.replace(services, store=fork)
    reply = PlanReply(services, session)
    idle: dict[str, tuple[str, ContainerRecord]] = {}
    for action in request.action:
        try:
            record = _act(within, session, action)
            idle[record.name] = (action.name, record)
        except PortoError as error:
            refused = ObjectPlan(KIND, action.name, Action.UNCHANGED, error=error.text)
            reply.add(refused, action.name)
    async for found in sliced(_outlooks(services, fork, list(turns(services.store, fork)), {})):
        if found is not None:
            idle.pop(found.name, None)
            reply.add(found)
    for name, record in idle.values():
        reply.add(outlook(unmoved(record)), name)
    return replies.answer("Plan", rpc_pb2.TPlanResponse(object=reply.messages))


def _act(
    within: Services, session: Session, action: rpc_pb2.TPlanRequest.TAction
) -> ContainerRecord:
    """Do as the request would, in a fork; the record that it concerns."""
    request = _REQUESTS.get(action.verb)
    if request is None:
        raise InvalidValue(f"cannot plan {action.verb[:80]!r}: not one of {', '.join(_REQUESTS)}")
    dispatch.table()[request].check(within, session)
    now = within.clock()
    if action.verb == "set":
        record = find(within, session, action.name, "set a property of")
        write(within, session, record, *modern(action.property, action.value.strip(" \t\n")))
        return record
    record = find(within, session, action.name, action.verb)
    if action.verb == "start":
        ask_start(within, session, within.store.current(record))
    elif action.verb == "stop":
        kill_at = within.monotonic() + within.config.container.stop_timeout_ms / 1000
        operations.stop(within.store, record, kill_at=kill_at, actor=session.actor, now=now)
    else:
        operations.destroy(within.store, record, actor=session.actor, now=now)
    return record


def _texts(session: Session, request: rpc_pb2.TPlanRequest) -> Mapping[str, bytes]:
    """The documents by path, within the limits."""
    if len(request.document) > DOCUMENTS_MAX or len(request.directory) > DIRECTORIES_MAX:
        raise InvalidValue(
            f"cannot plan {len(request.document)} documents of {len(request.directory)} "
            f"directories: the limits are {DOCUMENTS_MAX} and {DIRECTORIES_MAX}"
        )
    texts = {item.path: item.text.encode() for item in request.document}
    size = sum(map(len, texts.values()))
    limit = DOCUMENT_BYTES_MAX * (SUPERUSER_FACTOR if session.caller.superuser else 1)
    if size > limit:
        raise InvalidValue(f"cannot plan documents of {size} bytes: the limit is {limit}")
    return texts


async def _read(data: bytes, path: str, dialects: Dialects) -> Document:
    """The document, read in a thread, which may take long; only then cancelled."""
    reading = asyncio.ensure_future(asyncio.to_thread(parse_document, data, path, dialects))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait({reading})
        raise


async def _plan_documents(
    services: Services,
    session: Session,
    texts: Mapping[str, bytes],
    directories: tuple[str, ...],
) -> bytes:
    # One at a time: reading documents is work that anybody may ask for.
    async with services.planning:
        documents = {
            path: _as_named(session, await _read(data, path, services.sources.dialects))
            for path, data in texts.items()
        }
        proposal = Proposal(documents, directories)
        base, fork = services.store.fork(), services.store.fork()
        foreseen = await services.sources.foresee(proposal, Catalog(fork))
    reply = PlanReply(services, session)
    names = {item.name for item in foreseen.subjects if item.kind == KIND}
    concerned = [
        turn
        for turn in turns(base, fork)
        if not names.isdisjoint((turn.name, *ancestors(turn.name)))
    ]
    reasons = {
        subject.name: item.message
        for subject, item in foreseen.conditions.items()
        if subject.kind == KIND
    }
    told = set()
    async for found in sliced(_outlooks(services, fork, concerned, reasons)):
        if found is not None:
            told.add(found.name)
            reply.add(found)
    for name in sorted(names - told):
        record = base.find(name)
        if record is not None:
            reply.add(outlook(unmoved(record)))
        elif Subject(KIND, name) in foreseen.asleep:
            asleep = "somebody has destroyed it: it stays away until its declaration changes"
            reply.add(ObjectPlan(KIND, name, Action.UNCHANGED, reasons=(asleep,)))
    answer = rpc_pb2.TPlanResponse(
        object=reply.messages,
        problem=[previews.problem_message(item) for item in foreseen.diagnostics],
    )
    return replies.answer("Plan", answer)


def _as_named(session: Session, document: Document) -> Document:
    """The document with full names; names as in the client's other requests."""
    view = session.caller.view
    return dataclasses.replace(
        document,
        declared=tuple(
            dataclasses.replace(item, name=view.resolve(item.name)) if item.name else item
            for item in document.declared
        ),
    )


def _outlooks(
    services: Services, fork: ContainerStore, found: Sequence[Turn], reasons: Mapping[str, str]
) -> Iterator[ObjectPlan | None]:
    """What becomes of each container, in the order of changes, then of others concerned.

    None where others may have their turn. Uses up the fork.
    """
    foretold: dict[str, Foretold] = {}
    for item in services.foresight.passes(fork, found):
        if item is not None:
            foretold[item.name] = item
        yield None
    order = {name: number for number, name in enumerate(foretold)}
    for turn in sorted(found, key=lambda item: order.get(item.name, -1)):
        reason = reasons.get(turn.name)
        yield with_kernel(turn, foretold.pop(turn.name, None), *([reason] if reason else []))
    for other in foretold.values():
        record = services.store.find(other.name)
        if record is not None and (other.changes or other.error):
            yield with_kernel(unmoved(record), other, f"because of {other.cause}")
