"""Containers that live as long as the connection that made them.

Run by `clients.py` when a connection ends. Requests createWeak and CreateFromSpec make
them; a container that was made strong in the meantime stays. Manual: property weak.
"""

import asyncio

import structlog

from porto.api.context import Services, Session
from porto.spec.containers import operations
from porto.spec.containers.operations import Actor
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import PortoError
from porto.spec.records.record import Run

log = structlog.get_logger()

RETRY_S = 1.0
RETRY_MAX_S = 60.0


async def destroy_weak(services: Services, session: Session) -> None:
    """Destroy what is still weak, trying on until nothing is left."""
    delay = RETRY_S
    while session.weak:
        changed: list[ContainerRecord] = []
        for record_id in sorted(session.weak):
            try:
                changed += _ask_away(services, record_id)
                session.weak.discard(record_id)
            except PortoError as error:
                # Its parent is paused; what is frozen can be destroyed later.
                log.info("weak container stays", id=record_id, reason=str(error))
        try:
            await services.engine.converge(changed)
        except PortoError as error:
            # The engine goes on trying by itself.
            log.info("weak containers not gone yet", reason=str(error))
        if session.weak:
            await asyncio.sleep(delay)
            delay = min(2 * delay, RETRY_MAX_S)


def _ask_away(services: Services, record_id: int) -> list[ContainerRecord]:
    record = services.store.find_id(record_id)
    if record is None or not record.spec.lifecycle.weak or record.intent.run is Run.ABSENT:
        return []
    return operations.destroy(services.store, record, actor=Actor(), now=services.clock())
