"""Diff: the specifications against the kernel as it is now.

What a pass would put right, of the containers that the client sees. Our own request:
docs/protocol.md.
"""

from collections.abc import Iterator, Mapping, Sequence

from porto.api import replies
from porto.api.context import Services, Session
from porto.api.dispatch import Outcome, handles
from porto.api.handlers.targets import resolve
from porto.api.masks import ANY, is_mask
from porto.api.names import View
from porto.api.previews import PlanReply, specified, with_kernel
from porto.api.slices import sliced
from porto.spec.containers.outlook import unmoved
from porto.spec.errors import (
    InvalidValue,
)
from porto.wire import rpc_pb2

NAMES_MAX = 10_000
MASKS_MAX = 100


@handles("Diff", abandons=True)
def diff(services: Services, session: Session, request: rpc_pb2.TDiffRequest) -> Outcome:
    """What a pass would put right now."""
    masks = [name for name in request.name if is_mask(name)]
    if len(request.name) > NAMES_MAX or len(masks) > MASKS_MAX:
        raise InvalidValue(
            f"cannot compare {len(request.name)} names: the limits are {NAMES_MAX}, "
            f"and {MASKS_MAX} masks"
        )
    names = {resolve(session, name): name for name in request.name if not is_mask(name)}
    for full, name in names.items():
        specified(services, name, full, "compare")
    return _diff(services, session, names, masks if request.name else [ANY])


async def _diff(
    services: Services, session: Session, names: Mapping[str, str], masks: Sequence[str]
) -> bytes:
    reply = PlanReply(services, session)
    async for full, name in sliced(_meant(services, session.caller.view, names, masks)):
        record = services.store.find(full)
        if record is not None:
            conditions = (condition.message for condition in record.status.conditions)
            plan = with_kernel(unmoved(record), services.foresight.now(record), *conditions)
            reply.add(plan, name)
    return replies.answer("Diff", rpc_pb2.TDiffResponse(object=reply.messages))


def _meant(
    services: Services, view: View, names: Mapping[str, str], masks: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Full names in their order, each with the name under which to tell of it."""
    for full in tuple(services.store.names()):
        if full in names:
            yield full, names[full]
        elif any(view.matches(full, mask) for mask in masks):
            yield full, view.named(full)
