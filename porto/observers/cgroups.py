"""Readers of cgroup controllers, from the cgroups.

Merged by `readers.py`. Manual section "CGROUPS".
"""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader

READERS: Mapping[str, Reader] = {}

ROOT_READERS: Mapping[str, RootReader] = {}

COMPUTED: Mapping[str, Computed] = {}
