"""Kept output of containers: rotation when they die and while they run.

Used by `dying.py` and, through `reconciler.py`, by `housekeeping.py`.
"""

import structlog

from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.world import World

log = structlog.get_logger()


class Output:
    """Rotates output files."""

    def __init__(self, world: World) -> None:
        self._world = world

    def files(self, target: Target) -> tuple[str, ...]:
        """Host paths of the files that keep a container's output."""
        return tuple(self._world.chain.rotation.kept_files(target).values())

    def rotate(self, target: Target) -> dict[str, int]:
        """Cut what is too long; the fields of the status that changed."""
        try:
            lost = self._world.chain.rotation.rotate(target)
        except OSError as error:
            self._world.count("log_rotate_errors", 1)
            log.warning("rotation failed", container=target.name, error=str(error))
            return {}
        status = target.record.status
        changes = {}
        for name, amount in lost.items():
            self._world.count("log_rotate_bytes", amount)
            changes[f"{name}_offset"] = getattr(status.streams, f"{name}_offset") + amount
        return changes
