"""The shown value of thread_limit. Merged by `readers.py`; manual section "State"."""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord


def _limit(sources: Sources, record: ContainerRecord) -> int | None:
    default = sources.config.container.default_thread_limit
    return record.spec.pids.limit(level(record.name), default)


READERS: Mapping[str, Reader] = {}

ROOT_READERS: Mapping[str, RootReader] = {}

COMPUTED: Mapping[str, Computed] = {"thread_limit": _limit}
