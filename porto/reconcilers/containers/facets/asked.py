"""Telling a change that other containers' properties ask for from drift.

Used by facets whose wish follows not only from a container's own record: a policy that is
inherited, a limit that an ancestor has undercut, a guarantee that children need.
"""

import dataclasses
from collections.abc import Sequence

from porto.reconcilers.engine.change import Change


class Asked:
    """What each container's facet wished for last, of what it has planned and applied.

    A wish is anything small that compares. One is kept for each container id, of which
    there are few and which are used again.
    """

    def __init__(self) -> None:
        self._settled: dict[int, object] = {}

    def settle(self, key: int, wish: object) -> None:
        """The wish of container `key` is or becomes true."""
        self._settled[key] = wish

    def mark(self, key: int, wish: object, changes: Sequence[Change]) -> Sequence[Change]:
        """`changes` of container `key`, which are no drift when the wish is a new one."""
        if not changes:
            self._settled[key] = wish
            return changes
        if self._settled.get(key, wish) == wish:
            return changes
        return [dataclasses.replace(change, is_drift=False) for change in changes]
