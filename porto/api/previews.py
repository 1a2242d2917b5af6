"""Plans and explanations as messages; the reply that tells of many objects.

Called by `handlers/plan.py`, `handlers/diff.py` and `handlers/explain.py`. The values are
those of `spec/preview.py`. What has not been said stays absent.
"""

import dataclasses

from porto.api.context import Services, Session
from porto.spec.containers.names import ROOT
from porto.spec.containers.outlook import Turn, outlook
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import (
    ContainerDoesNotExist,
    InvalidValue,
    ResourceNotAvailable,
)
from porto.spec.preview import Explanation, Foretold, ObjectPlan
from porto.spec.sources.diagnostics import Diagnostic
from porto.wire import rpc_pb2

REPLY_BYTES_MAX = 16 << 20

Problem = rpc_pb2.TPlanResponse.TProblem


def plan_message(plan: ObjectPlan, name: str) -> rpc_pb2.TObjectPlan:
    """What becomes of an object that the client knows as `name`."""
    return rpc_pb2.TObjectPlan(
        kind=plan.kind,
        name=name,
        action=plan.action,
        spec=[
            rpc_pb2.TObjectPlan.TSpecChange(
                property=item.property,
                before=item.before,
                after=item.after,
                origin=item.origin or None,
            )
            for item in plan.spec
        ],
        kernel=[
            rpc_pb2.TObjectPlan.TKernelChange(
                facet=item.facet,
                subject=item.subject,
                want=item.want,
                have=item.have,
                why=item.why or None,
                when=item.when,
                step=item.steps,
            )
            for item in plan.kernel
        ],
        reason=plan.reasons,
        error=plan.error or None,
    )


def problem_message(fault: Diagnostic) -> Problem:
    """What is wrong with a document."""
    return Problem(
        path=fault.path, line=fault.line, property=fault.property or None, reason=fault.reason
    )


def explanation_message(found: Explanation, name: str) -> rpc_pb2.TExplanation:
    """Why a property of an object that the client knows as `name` is what it is."""
    return rpc_pb2.TExplanation(
        kind=found.kind,
        name=name,
        property=found.property,
        value=found.value,
        default=found.default or None,
        origin=found.origin or None,
        since=int(found.since) or None,
        owner=found.owner or None,
        aspect=[
            rpc_pb2.TExplanation.TAspect(
                facet=item.facet, subject=item.subject, want=item.want, have=item.have
            )
            for item in found.aspects
        ],
        error=found.error or None,
        next=found.next or None,
    )


class PlanReply:
    """Plans of objects as they are found, within `REPLY_BYTES_MAX`."""

    def __init__(self, services: Services, session: Session) -> None:
        self.services = services
        self.view = session.caller.view
        self.messages: list[rpc_pb2.TObjectPlan] = []
        self._size = 0

    def add(self, plan: ObjectPlan, name: str | None = None) -> None:
        """Tell of an object under `name`, or as the client sees it, if it does."""
        if name is None:
            if not self.view.reaches(plan.name):
                return
            name = self.view.named(plan.name)
        message = plan_message(plan, name)
        self._size += message.ByteSize()
        if self._size > REPLY_BYTES_MAX:
            raise ResourceNotAvailable(
                f"cannot tell of so many objects: the reply exceeds {REPLY_BYTES_MAX} bytes"
            )
        self.messages.append(message)


def with_kernel(turn: Turn, found: Foretold | None, *reasons: str) -> ObjectPlan:
    """What becomes of a container, with what that asks of the kernel."""
    plan = outlook(turn, *reasons)
    if found is None:
        return plan
    return dataclasses.replace(plan, kernel=found.changes, error=found.error)


def specified(services: Services, name: str, full: str, verb: str) -> ContainerRecord:
    """The record of a container that has a specification to `verb`."""
    if full == ROOT:
        raise InvalidValue(f"cannot {verb} {name}: the host has no specification")
    record = services.store.find(full)
    if record is None:
        raise ContainerDoesNotExist(f"cannot {verb} {name}: no such container")
    return record
