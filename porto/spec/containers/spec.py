"""The whole desired state of a container, built of facets; the property registry.

Called by the API, the sources and the reconcilers.
"""

import re
from collections.abc import Mapping
from typing import Any

from porto.spec.containers.fields.access import AccessFields
from porto.spec.containers.fields.cgroups import CgroupsFields, CgroupsReadings
from porto.spec.containers.fields.cpu import CpuFields, CpuReadings
from porto.spec.containers.fields.cpuset import CpusetFields, CpusetReadings
from porto.spec.containers.fields.devices import DevicesFields
from porto.spec.containers.fields.hugetlb import HugetlbFields, HugetlbReadings
from porto.spec.containers.fields.io import IoFields, IoReadings
from porto.spec.containers.fields.lifecycle import LifecycleFields
from porto.spec.containers.fields.memory import MemoryFields, MemoryReadings
from porto.spec.containers.fields.oom import OomFields, OomReadings
from porto.spec.containers.fields.pids import PidsFields
from porto.spec.containers.fields.pressure import PressureFields
from porto.spec.containers.fields.process import ProcessFields
from porto.spec.containers.fields.readings import READINGS
from porto.spec.containers.fields.streams import StreamFields, StreamReadings
from porto.spec.errors import InvalidProperty
from porto.spec.facets import Spec, facets_of
from porto.spec.prop import Facet, Property, collect, split_index

NAME_SHOWN_MAX = 80


class ContainerSpec(Spec):
    """Desired properties of one container; an unset property has its default."""

    process: ProcessFields = ProcessFields()
    streams: StreamFields = StreamFields()
    lifecycle: LifecycleFields = LifecycleFields()
    access: AccessFields = AccessFields()
    cgroups: CgroupsFields = CgroupsFields()
    memory: MemoryFields = MemoryFields()
    pressure: PressureFields = PressureFields()
    hugetlb: HugetlbFields = HugetlbFields()
    oom: OomFields = OomFields()
    cpu: CpuFields = CpuFields()
    cpuset: CpusetFields = CpusetFields()
    io: IoFields = IoFields()
    pids: PidsFields = PidsFields()
    devices: DevicesFields = DevicesFields()


FACETS: Mapping[str, type[Facet]] = facets_of(ContainerSpec)

READING_FACETS: tuple[type[Facet], ...] = (
    *READINGS,
    StreamReadings,
    CgroupsReadings,
    MemoryReadings,
    HugetlbReadings,
    OomReadings,
    CpuReadings,
    CpusetReadings,
    IoReadings,
)

PROPERTIES: Mapping[str, Property] = collect(FACETS, READING_FACETS)
"""Every property by name, sorted: the one registry."""

SPEC_PROPERTIES: tuple[Property, ...] = tuple(p for p in PROPERTIES.values() if p.facet)
"""The settable ones."""

DEFAULT_SPEC = ContainerSpec()


LABELS = "labels"
_LABEL = re.compile(r"[A-Z]+\..*", re.ASCII | re.DOTALL)


def find_property(name: str) -> Property:
    """The property of that name; raises InvalidProperty."""
    try:
        return PROPERTIES[name]
    except KeyError:
        raise InvalidProperty(f"no such property: {_shortened(name)!r}") from None


def resolve_property(name: str) -> tuple[Property, str | None]:
    """The property and index that a client's ``name``, ``name[index]`` or label means.

    ``PREFIX.name`` with an upper-case prefix is short for ``labels[PREFIX.name]``.
    Raises InvalidProperty.
    """
    if _LABEL.fullmatch(name):
        return PROPERTIES[LABELS], name
    base, index = split_index(name)
    return find_property(base), index


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_SHOWN_MAX else name[:NAME_SHOWN_MAX] + "..."


def set_values(spec: ContainerSpec) -> dict[str, Any]:
    """The explicitly set properties and their values, sorted by name."""
    return {p.name: spec.value(p) for p in SPEC_PROPERTIES if spec.is_set(p)}
