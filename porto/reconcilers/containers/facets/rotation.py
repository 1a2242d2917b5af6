"""Keeps stdout and stderr files below stdout_limit.

Called by the engine's housekeeping tick for running containers, and once at
death. The head of a file that has grown too long is removed with fallocate(2)
FALLOC_FL_COLLAPSE_RANGE, so writers never notice; how much was lost is shown by
stdout_offset. Manual section "Filesystem", stdout_path.
"""

import os

from porto.kernel.file import files
from porto.reconcilers.containers.base import Target
from porto.reconcilers.containers.facets.streams import (
    DESCRIPTOR_PREFIX,
    NULL,
    is_outside,
    stream_path,
)


class Rotation:
    """Rotation of the kept output of one container."""

    name = "rotation"

    def __init__(self, work_root: str) -> None:
        self._work_root = work_root

    def kept_files(self, target: Target) -> dict[str, str]:
        """Host paths of the files in the container's own directory, by stream name."""
        found = {}
        for stream, name in ((1, "stdout"), (2, "stderr")):
            path = stream_path(target, stream)
            if path == NULL or path.startswith(DESCRIPTOR_PREFIX):
                continue
            if is_outside(target, stream, path):
                found[name] = os.path.join(self._work_root, target.name, path)
            elif os.path.isabs(path):
                found[name] = path
        return found

    def rotate(self, target: Target) -> dict[str, int]:
        """Cut what is too long; returns the bytes lost by stream name, only the cut ones."""
        limit = target.record.spec.streams.stdout_limit
        lost = {}
        for name, path in self.kept_files(target).items():
            cut = files.collapse_head(path, limit)
            if cut:
                lost[name] = cut
        return lost
