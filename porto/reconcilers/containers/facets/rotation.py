"""Keeps stdout and stderr files below stdout_limit.

Looked at by `containers/housekeeping.py` while a container runs, and once at death. The head
of a file that has grown too long is removed with fallocate(2) FALLOC_FL_COLLAPSE_RANGE, so
writers never notice; how much was lost is shown by stdout_offset. Manual section
"Filesystem", stdout_path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from porto.reconcilers.containers.facets.streams import streams_of
from porto.reconcilers.containers.target import Target
from porto.reconcilers.engine.change import Change
from porto.reconcilers.ports import Ports
from porto.spec.containers.effective import STREAMS
from porto.spec.key import Key

LOST = "log_rotate_bytes"
ERRORS = "log_rotate_errors"


@dataclass(frozen=True, slots=True)
class Rotate:
    """Cut the head of one file, and note how much was lost.

    field, before -- of the status, and what it says now
    """

    key: Key
    path: str
    limit: int
    field: str
    before: int

    def carry(self, ports: Ports) -> None:
        """What a user's link leads to is left alone."""
        try:
            lost = ports.files.collapse_head(self.path, self.limit)
        except OSError:
            ports.counters.add(ERRORS)
            raise
        if lost:
            ports.counters.add(LOST, lost)
            ports.records.note(self.key, **{self.field: self.before + lost})


class Rotation:
    """Rotation of the kept output of one container."""

    name = "rotation"

    def __init__(self, ports: Ports, work_root: str) -> None:
        self._files = ports.files
        self._work_root = work_root

    def kept_files(self, target: Target) -> Mapping[str, str]:
        """Host paths of the files that keep its output, by stream name."""
        streams = streams_of(target, self._work_root)
        pairs = zip(STREAMS[1:], streams[1:], strict=True)
        return {name: stream.file for name, stream in pairs if stream.file is not None}

    def plan(self, target: Target) -> Sequence[Change]:
        """What is too long."""
        limit = target.record.spec.streams.stdout_limit
        changes = []
        for name, path in self.kept_files(target).items():
            size = target.look(self._files.occupied, path)
            if size > limit:
                field = f"{name}_offset"
                before = getattr(target.record.status.streams, field)
                effect = Rotate(target.key, path, limit, field, before)
                want, act = f"at most {limit}", f"cut {name} of {target.name}"
                changes.append(
                    Change(self.name, path, want, str(size), effect, act=act, is_drift=False)
                )
        return changes
