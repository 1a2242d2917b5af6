"""Labels: FindLabel, SetLabel, IncLabel.

Labels are the property `labels`; writing one goes the same way as setting
``labels[NAME]``. Manual section "State".
"""

import asyncio
from collections.abc import Iterable, Iterator

from porto.api import replies
from porto.api.container_waits import labels_of
from porto.api.context import Services, Session
from porto.api.dispatch import REPLY_FRAMES, Outcome, Refusal, handles
from porto.api.handlers.properties import write
from porto.api.handlers.targets import find
from porto.api.masks import ANY, matches
from porto.spec.codecs.labels import check_label
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import (
    BY_CODE,
    Busy,
    InvalidState,
    InvalidValue,
    LabelNotFound,
    PortoError,
    ResourceNotAvailable,
)
from porto.spec.prop import Rejected
from porto.wire import rpc_pb2

AT_ONCE = 20
"""Containers that are looked at without letting others in between."""

SLICE_S = 0.005
INT64_MIN = -(1 << 63)
INT64_MAX = (1 << 63) - 1


@handles("FindLabel")
def find_label(services: Services, session: Session, request: rpc_pb2.TFindLabelRequest) -> Outcome:
    """Containers that the client sees, by label, with a mask, a state and a value."""
    answer = rpc_pb2.TFindLabelResponse()
    found = _found(services, session, request, answer)
    if len(services.store) > AT_ONCE:
        return _slowly(found, answer)
    for _ in found:
        pass
    return replies.answer("FindLabel", answer)


async def _slowly(found: Iterator[None], answer: rpc_pb2.TFindLabelResponse) -> bytes:
    """Let other clients in between."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SLICE_S
    for _ in found:
        if loop.time() >= until:
            await asyncio.sleep(0)
            until = loop.time() + SLICE_S
    return replies.answer("FindLabel", answer)


def _found(
    services: Services,
    session: Session,
    request: rpc_pb2.TFindLabelRequest,
    answer: rpc_pb2.TFindLabelResponse,
) -> Iterator[None]:
    """Fill the answer, one container a step; raises ResourceNotAvailable for too many."""
    view = session.caller.view
    mask = request.mask if request.HasField("mask") else ANY
    upwards = request.label.startswith(".")
    label_mask = request.label.removeprefix(".")
    left = REPLY_FRAMES * services.config.daemon.max_msg_len
    for record in services.store.records():
        yield
        shown = view.shown(record.name)
        if shown is None or not matches(shown, mask):
            continue
        if request.HasField("state") and record.status.life.state != request.state:
            continue
        for label, value in _labels(services, record, upwards):
            if not matches(label, label_mask):
                continue
            if request.HasField("value") and value != request.value:
                continue
            left -= len(shown) + len(label) + len(value)
            if left < 0:
                raise ResourceNotAvailable(
                    f"cannot find so many labels like {request.label[:80]!r}: "
                    "the reply would be too long"
                )
            answer.list.add(name=shown, state=record.status.life.state, label=label, value=value)


def _labels(
    services: Services, record: ContainerRecord, upwards: bool
) -> Iterable[tuple[str, str]]:
    """A container's labels; with `upwards` those of its ancestors that it does not have."""
    if not upwards:
        return record.spec.lifecycle.labels
    found: dict[str, str] = {}
    for bearer in (record, *services.store.ancestors(record)):
        for label, value in bearer.spec.lifecycle.labels:
            found.setdefault(label, value)
    return sorted(found.items())


@handles("SetLabel", writes=True)
def set_label(services: Services, session: Session, request: rpc_pb2.TSetLabelRequest) -> bytes:
    """Set or remove one label, if its value and the container's state are as expected."""
    record = find(services, session, request.name, "set a label of")
    label = request.label
    text = f"cannot set label {label[:128]!r} of {record.name}"
    _check(label, request.value, text)
    present = labels_of(record).get(label)
    answer = rpc_pb2.TSetLabelResponse(state=record.status.life.state)
    if present is not None:
        answer.prev_value = present
    payload = replies.answer("SetLabel", answer)
    error: PortoError | None = None
    if request.HasField("prev_value") and request.prev_value != (present or ""):
        if present is None:
            error = LabelNotFound(f"{text}: it is not set")
        else:
            error = Busy(f"{text}: its value is {present!r}")
    elif request.HasField("state") and request.state != record.status.life.state:
        error = InvalidState(f"{text}: the container is {record.status.life.state}")
    if error is None and (present or "") != request.value:
        try:
            write(services, session, record, f"labels[{label}]", request.value)
        except PortoError as failure:
            error = failure
    if error is not None:
        raise Refusal(error, payload)
    return payload


@handles("IncLabel", writes=True)
def inc_label(services: Services, session: Session, request: rpc_pb2.TIncLabelRequest) -> bytes:
    """Add to a label that is a decimal number; a missing one counts as 0."""
    record = find(services, session, request.name, "increment a label of")
    label = request.label
    text = f"cannot add {request.add} to label {label[:128]!r} of {record.name}"
    _check(label, "", text)
    present = labels_of(record).get(label)
    result = 0
    error: PortoError | None = None
    if present is None and request.add == 0:
        error = LabelNotFound(f"{text}: it is not set")
    elif present is not None and not _is_decimal(present):
        error = InvalidValue(f"{text}: its value {present[:32]!r} is not a decimal number")
    else:
        result = int(present or 0)
        if not INT64_MIN <= result + request.add <= INT64_MAX:
            error = InvalidValue(f"{text}: {result} would overflow")
        else:
            result += request.add
            try:
                write(services, session, record, f"labels[{label}]", str(result))
            except PortoError as failure:
                error, result = failure, result - request.add
    payload = replies.answer("IncLabel", rpc_pb2.TIncLabelResponse(result=result))
    if error is not None:
        raise Refusal(error, payload)
    return payload


def _is_decimal(text: str) -> bool:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 19):
        return False
    return INT64_MIN <= int(text) <= INT64_MAX


def _check(label: str, value: str, text: str) -> None:
    try:
        check_label(label, value)
    except Rejected as refusal:
        raise BY_CODE[refusal.code](f"{text}: {refusal.reason}") from refusal
