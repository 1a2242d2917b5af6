"""Events: what has happened, from the log that survives the daemon.

A reply holds what there is; with a timeout it waits for the first event when there is
none, so following is asking again with `next`. Our own request: docs/protocol.md.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from porto.api import replies
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.targets import resolve
from porto.api.masks import is_mask
from porto.api.names import View
from porto.api.slices import sliced
from porto.spec.errors import InvalidValue
from porto.spec.events import Event
from porto.wire import rpc_pb2

EVENTS_MAX = 1000
"""Events of one reply."""

NAMES_MAX = 1000
MASKS_MAX = 16
"""Few, for they are compared while the engine tells of an event."""

WAIT_MAX_MS = 60_000

Answer = rpc_pb2.TEventsResponse


@handles("Events", abandons=True)
def events(services: Services, session: Session, request: rpc_pb2.TEventsRequest) -> Outcome:
    """Events of the containers that the client sees, oldest first."""
    masks = sum(map(is_mask, request.name))
    if len(request.name) > NAMES_MAX or masks > MASKS_MAX:
        raise InvalidValue(
            f"cannot get the events of {len(request.name)} names: the limits are {NAMES_MAX}, "
            f"and {MASKS_MAX} masks"
        )
    if request.timeout_ms > WAIT_MAX_MS:
        raise InvalidValue(f"cannot wait for an event longer than {WAIT_MAX_MS} ms")
    wanted = _filter(session, list(request.name))
    return _collect(services, session.caller.view, request, wanted)


def _filter(session: Session, names: list[str]) -> Callable[[Event], bool]:
    view = session.caller.view
    masks = [name for name in names if is_mask(name)]
    full = {resolve(session, name) for name in names if not is_mask(name)}

    def wanted(event: Event) -> bool:
        if not names:
            return view.shown(event.name) is not None
        return event.name in full or any(view.matches(event.name, mask) for mask in masks)

    return wanted


def _collect(
    services: Services,
    view: View,
    request: rpc_pb2.TEventsRequest,
    wanted: Callable[[Event], bool],
) -> Coroutine[Any, Any, bytes]:
    history = services.history
    # A number from the future: the log was begun anew, and the client knows nothing of it.
    after = request.after if request.after <= history.last else 0
    newest = min(request.last, EVENTS_MAX)
    fresh: deque[Event] = deque(maxlen=EVENTS_MAX)
    came = asyncio.Event()

    def deliver(event: Event) -> None:
        if wanted(event):
            fresh.append(event)
            came.set()

    async def work() -> bytes:
        leave = history.follow(deliver)
        try:
            answer = Answer(next=history.last)
            found: deque[Event] = deque(maxlen=newest or None)
            async for event in sliced(history.read(after)):
                if not wanted(event):
                    continue
                if len(found) == EVENTS_MAX and not newest:
                    answer.more = True
                    break
                found.append(event)
            if not found and request.timeout_ms:
                with suppress(TimeoutError):
                    await asyncio.wait_for(came.wait(), request.timeout_ms / 1000)
                answer.next = history.last
                found.extend(fresh)
        finally:
            leave()
        if answer.more:
            answer.next = found[-1].serial
        answer.event.extend(_message(event, view) for event in found)
        if history.lost:
            answer.lost = history.lost
        return replies.answer("Events", answer)

    return work()


def _message(event: Event, view: View) -> Answer.TEvent:
    return Answer.TEvent(
        serial=event.serial,
        time_ms=max(0, round(event.time * 1000)),
        kind=event.kind,
        name=view.named(event.name),
        what=event.what,
        facet=event.facet or None,
        subject=event.subject or None,
        want=event.want or None,
        have=event.have or None,
        text=event.text or None,
    )
