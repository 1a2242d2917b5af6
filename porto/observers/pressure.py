"""The shown value of pressurize_on_death. Merged by `readers.py`; manual section "Memory"."""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources
from porto.spec.containers.record import ContainerRecord


def _asked(sources: Sources, record: ContainerRecord) -> bool:
    return record.spec.pressure.is_asked(sources.config.container.pressurize_on_death)


READERS: Mapping[str, Reader] = {}

ROOT_READERS: Mapping[str, RootReader] = {}

COMPUTED: Mapping[str, Computed] = {"pressurize_on_death": _asked}
