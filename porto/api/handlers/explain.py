"""Explain: why a property is what it is, who set it, and what it comes to in the kernel.

Values are read as `get` reads them; since when is told by the event log, as far back as it
goes. Our own request: docs/protocol.md.
"""

from collections.abc import Mapping

from porto.api import previews, replies, variables
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.targets import resolve
from porto.api.previews import specified
from porto.api.slices import sliced
from porto.spec.containers.outlook import KIND
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import SPEC_PROPERTIES, find_property
from porto.spec.errors import (
    PortoError,
)
from porto.spec.events import What
from porto.spec.preview import Aspect, Explanation, Foretold
from porto.spec.prop import Property, split_index
from porto.wire import rpc_pb2

CREATOR = "creation"
"""Origin of what creation has set: names of users."""


@handles("Explain", abandons=True)
def explain(services: Services, session: Session, request: rpc_pb2.TExplainRequest) -> Outcome:
    """Why a property is what it is; without one, the container and all that were set."""
    full = resolve(session, request.name)
    record = specified(services, request.name, full, "explain")
    if request.property:
        wanted = [find_property(split_index(request.property)[0])]
        services.store.admission.check_supported("explain", record.name, wanted[0])
    else:
        wanted = [prop for prop in SPEC_PROPERTIES if record.spec.is_set(prop)]
    return _explain(services, session, request, record, sorted(wanted, key=lambda p: p.name))


async def _explain(
    services: Services,
    session: Session,
    request: rpc_pb2.TExplainRequest,
    record: ContainerRecord,
    wanted: list[Property],
) -> bytes:
    since = {"": record.status.creation_time}
    async for event in sliced(services.history.read(name=record.name)):
        if event.what is What.SET:
            since[event.subject] = event.time
        elif event.what is What.STATE:
            since[""] = event.time
        elif event.what is What.CREATED:
            since = {"": event.time}
    due = services.foresight.now(record)
    found = [] if request.property else [_whole(services, record, since[""], due.error)]
    for prop in wanted:
        text = request.property or prop.name
        found.append(_one(services, session, record, prop, text, since, due))
    messages = [previews.explanation_message(item, request.name) for item in found]
    return replies.answer("Explain", rpc_pb2.TExplainResponse(explanation=messages))


def _whole(services: Services, record: ContainerRecord, since: float, error: str) -> Explanation:
    status = record.status
    problems = [status.life.start_error, *(item.message for item in status.conditions), error]
    return Explanation(
        kind=KIND,
        name=record.name,
        property="",
        value=status.life.state,
        origin=record.source or record.intent.origin,
        since=since,
        error="; ".join(dict.fromkeys(problem for problem in problems if problem)),
        next=services.foresight.next(record),
    )


def _one(
    services: Services,
    session: Session,
    record: ContainerRecord,
    prop: Property,
    text: str,
    since: Mapping[str, float],
    due: Foretold,
) -> Explanation:
    value, problems = "", []
    try:
        viewer = session.caller.viewer
        value = variables.parse(text).read(services, record, viewer, real=False)
    except PortoError as error:
        problems.append(error.text)
    problems += [c.message for c in record.status.conditions if c.facet == prop.prop.owner]
    was_set = bool(prop.facet) and record.spec.is_set(prop)
    aspects: tuple[Aspect, ...] = ()
    try:
        aspects = tuple(services.foresight.aspects(record, prop)) if prop.facet else ()
    except PortoError as error:
        problems.append(error.text)
    return Explanation(
        kind=KIND,
        name=record.name,
        property=text,
        value=value,
        default=prop.codec.format(prop.default) if prop.facet else "",
        origin=record.origins.get(prop.name, CREATOR) if was_set else "",
        since=since.get(prop.name, 0.0) if was_set else 0.0,
        owner=prop.prop.owner,
        aspects=aspects,
        error="; ".join(dict.fromkeys(problems)),
        next="; ".join(
            f"{change.subject}: {change.have or 'absent'} -> {change.want or 'absent'}"
            for change in due.changes
            if change.facet == prop.prop.owner
        ),
    )
