"""Waiting: wait, AsyncWait, StopAsyncWait.

The waiters themselves are in `porto/api/container_waits.py`. Manual section "Operations".
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from porto.api import replies
from porto.api.container_waits import Event, Interest
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, Refusal, handles
from porto.api.handlers.targets import resolve
from porto.api.masks import is_mask
from porto.spec.containers.names import ROOT
from porto.spec.errors import ContainerDoesNotExist, InvalidValue, Permission
from porto.wire import rpc_pb2

NAMES_MAX = 10_000
MASKS_MAX = 100


def _interest(session: Session, request: rpc_pb2.TContainerWaitRequest) -> Interest:
    names: dict[str, str] = {}
    masks: list[str] = []
    if len(request.name) > NAMES_MAX:
        raise InvalidValue(f"cannot wait for more than {NAMES_MAX} names at once")
    for name in request.name:
        if is_mask(name):
            masks.append(name)
        else:
            names[resolve(session, name)] = name
    if max(len(masks), len(request.label)) > MASKS_MAX:
        raise InvalidValue(f"cannot wait for more than {MASKS_MAX} masks at once")
    return Interest(
        view=session.caller.view,
        names=names,
        masks=tuple(masks),
        labels=tuple(request.label),
        target=request.target_state,
    )


@handles("wait", abandons=True)
def wait(services: Services, session: Session, request: rpc_pb2.TContainerWaitRequest) -> Outcome:
    """Reply when the first of the containers has ended."""
    if not request.name:
        raise InvalidValue("cannot wait for nothing: no names given")
    for name in request.name:
        if not is_mask(name):
            _check_known(services, session, name)
    interest = _interest(session, request)
    waits = services.waits
    for full, event in waits.present(interest, every=False):
        # At once the client reads its own spelling, later the name as it sees it.
        event.name = interest.names.get(full, event.name)
        return replies.answer("wait", event)
    if request.HasField("timeout_ms") and request.timeout_ms == 0:
        return replies.answer("wait", waits.timeout())
    timeout = request.timeout_ms / 1000 if request.HasField("timeout_ms") else None
    return _later(services, interest, timeout)


def _check_known(services: Services, session: Session, name: str) -> None:
    error: Permission | ContainerDoesNotExist
    try:
        full = resolve(session, name)
    except Permission as refusal:
        error = refusal
    else:
        if full == ROOT or services.store.find(full) is not None:
            return
        error = ContainerDoesNotExist(f"cannot wait for {name}: no such container")
    raise Refusal(error, replies.answer("wait", Event(name=name)))


def _later(
    services: Services, interest: Interest, timeout: float | None
) -> Coroutine[Any, Any, bytes]:
    """Register at once, so that no change is missed; then wait."""
    future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()

    def deliver(event: Event) -> bool:
        if not future.done():
            future.set_result(event)
        return False

    waiter = services.waits.add(interest, every=False, deliver=deliver)

    async def work() -> bytes:
        try:
            event = await asyncio.wait_for(future, timeout)
        except TimeoutError:
            event = services.waits.timeout()
        finally:
            services.waits.remove(waiter)
        return replies.answer("wait", event)

    return work()


@handles("AsyncWait")
def async_wait(
    services: Services, session: Session, request: rpc_pb2.TContainerWaitRequest
) -> bytes:
    """Subscribe to changes of the containers; replaces the former subscription.

    Events for the present states go out before the reply.
    """
    interest = _interest(session, request)
    _unsubscribe(services, session)
    if not request.name:
        return b""
    for _, event in services.waits.present(interest, every=True):
        session.push(replies.event(event))
        if interest.target:
            return b""

    def deliver(event: Event) -> bool:
        session.push(replies.event(event))
        if interest.target:
            _unsubscribe(services, session)
            return False
        return True

    session.subscription = services.waits.add(interest, every=True, deliver=deliver)
    if request.HasField("timeout_ms"):
        session.subscription_end = asyncio.get_running_loop().call_later(
            request.timeout_ms / 1000, _expire, services, session
        )
    return b""


@handles("StopAsyncWait")
def stop_async_wait(
    services: Services, session: Session, request: rpc_pb2.TContainerWaitRequest
) -> bytes:
    """End the subscription to exactly these names, labels and state."""
    present = session.subscription
    if present is None or not present.interest.same_as(_interest(session, request)):
        raise InvalidValue("cannot stop waiting: no such subscription")
    _unsubscribe(services, session)
    return b""


def _unsubscribe(services: Services, session: Session) -> None:
    if session.subscription is not None:
        services.waits.remove(session.subscription)
        session.subscription = None
    if session.subscription_end is not None:
        session.subscription_end.cancel()
        session.subscription_end = None


def _expire(services: Services, session: Session) -> None:
    session.subscription_end = None
    _unsubscribe(services, session)
    session.push(replies.event(services.waits.timeout()))
