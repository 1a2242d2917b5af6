"""The whole desired state of a container, built of facets; the property registry.

Called by the API, the sources and the reconcilers. A `ContainerSpec` is frozen;
`with_value` keeps unchanged facets by identity, so comparing two generations of
an unchanged facet costs one pointer comparison.
"""

import re
from collections.abc import Mapping
from typing import Any

from porto.spec.containers.fields.access import AccessFields
from porto.spec.containers.fields.cgroups import CgroupsFields, CgroupsStatus
from porto.spec.containers.fields.cpu import CpuFields, CpuStatus
from porto.spec.containers.fields.cpuset import CpusetFields, CpusetStatus
from porto.spec.containers.fields.devices import DevicesFields
from porto.spec.containers.fields.io import IoFields, IoStatus
from porto.spec.containers.fields.lifecycle import LifecycleFields
from porto.spec.containers.fields.memory import MemoryFields, MemoryStatus
from porto.spec.containers.fields.oom import OomFields, OomStatus
from porto.spec.containers.fields.pids import PidsFields
from porto.spec.containers.fields.process import ProcessFields
from porto.spec.containers.fields.status import STATUS_MODELS
from porto.spec.containers.fields.streams import StreamFields
from porto.spec.errors import InvalidProperty
from porto.spec.prop import Facet, Property, collect, split_index

NAME_SHOWN_MAX = 80


class ContainerSpec(Facet):
    """Desired properties of one container; an unset property has its default."""

    process: ProcessFields = ProcessFields()
    streams: StreamFields = StreamFields()
    lifecycle: LifecycleFields = LifecycleFields()
    access: AccessFields = AccessFields()
    cgroups: CgroupsFields = CgroupsFields()
    memory: MemoryFields = MemoryFields()
    oom: OomFields = OomFields()
    cpu: CpuFields = CpuFields()
    cpuset: CpusetFields = CpusetFields()
    io: IoFields = IoFields()
    pids: PidsFields = PidsFields()
    devices: DevicesFields = DevicesFields()

    def value(self, prop: Property) -> Any:
        """The value of a property, its default when unset."""
        return getattr(getattr(self, prop.facet), prop.name)

    def is_set(self, prop: Property) -> bool:
        """Whether the property was set explicitly."""
        facet: Facet = getattr(self, prop.facet)
        return prop.name in facet.model_fields_set

    def with_value(self, prop: Property, value: Any) -> "ContainerSpec":
        """A copy with one property set; `value` comes from the property's codec."""
        facet: Facet = getattr(self, prop.facet)
        return self.model_copy(update={prop.facet: facet.model_copy(update={prop.name: value})})

    def without_value(self, prop: Property) -> "ContainerSpec":
        """A copy with one property unset again."""
        facet: Facet = getattr(self, prop.facet)
        if prop.name not in facet.model_fields_set:
            return self
        kept = {name: getattr(facet, name) for name in facet.model_fields_set - {prop.name}}
        return self.model_copy(update={prop.facet: type(facet).model_construct(**kept)})


FACETS: Mapping[str, type[Facet]] = {
    name: info.annotation
    for name, info in ContainerSpec.model_fields.items()
    if isinstance(info.annotation, type) and issubclass(info.annotation, Facet)
}

STATUS_FACETS: tuple[type[Facet], ...] = (
    *STATUS_MODELS,
    CgroupsStatus,
    MemoryStatus,
    OomStatus,
    CpuStatus,
    CpusetStatus,
    IoStatus,
)

PROPERTIES: Mapping[str, Property] = collect(FACETS, STATUS_FACETS)
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
