"""Readers of CPU time and scheduling, from the cgroups.

Merged by `readers.py`. Manual section "CPU".
"""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader

READERS: Mapping[str, Reader] = {}

ROOT_READERS: Mapping[str, RootReader] = {}

COMPUTED: Mapping[str, Computed] = {}
