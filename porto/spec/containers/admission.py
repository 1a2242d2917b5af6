"""Which desired state may be written: rules beyond a property's own syntax.

A codec says what a value looks like; a rule says whether it fits the machine, the
configuration, the other containers and the author. Called by `spec/containers/operations.py`
before a value is written, by `spec/sources/apply.py` for files, and by the engine before
a start. The rules stand in `spec/containers/rules/`, one file per facet.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules import cgroups, cpu, cpuset, devices, io, memory, streams
from porto.spec.containers.rules.proposal import Proposal, SetRule, StartRule
from porto.spec.containers.spec import PROPERTIES, SPEC_PROPERTIES, ContainerSpec
from porto.spec.errors import NotSupported
from porto.spec.host import Host
from porto.spec.prop import Property

if TYPE_CHECKING:
    from porto.spec.containers.store import ContainerStore

_FACETS = (cgroups, cpu, cpuset, devices, io, memory, streams)


def _merge() -> Mapping[str, tuple[SetRule, ...]]:
    merged: dict[str, tuple[SetRule, ...]] = {}
    for facet in _FACETS:
        for name, rules in facet.SET_RULES.items():
            merged[name] = (*merged.get(name, ()), *rules)
    return merged


SET_RULES = _merge()
START_RULES: tuple[StartRule, ...] = tuple(rule for f in _FACETS for rule in f.START_RULES)


def unsupported(lacking: Mapping[str, str]) -> Mapping[str, str]:
    """Why a property cannot work, by its name, where the kernel lacks these features."""
    return {
        prop.name: lacking[need]
        for prop in PROPERTIES.values()
        for need in reversed(prop.prop.needs)
        if need in lacking
    }


class Admission:
    """The rules of one daemon.

    unsupported -- why a property cannot work here, by its name: get and set answer
                   NotSupported with this reason, lists leave it out
    """

    def __init__(self, host: Host | None = None, config: Config | None = None) -> None:
        self.host = host or Host()
        self.config = config or Config()
        self.unsupported = unsupported(self.host.lacking)

    def check_supported(self, verb: str, subject: str, prop: Property) -> None:
        """Raise NotSupported for a property that cannot work on this host."""
        reason = self.unsupported.get(prop.name)
        if reason is not None:
            raise NotSupported(f"cannot {verb} {prop.name} of {subject}: {reason}")

    def check_set(
        self,
        store: "ContainerStore",
        name: str,
        spec: ContainerSpec,
        prop: Property,
        value: Any,
        *,
        superuser: bool,
        record: ContainerRecord | None = None,
    ) -> None:
        """Raise unless the value may be written where `spec` is now."""
        self.check_supported("set", name, prop)
        for rule in SET_RULES.get(prop.name, ()):
            text = prop.codec.format(value)
            rule(
                Proposal(
                    store, self.host, self.config, name, record, spec, prop, value, text, superuser
                )
            )

    def check_update(
        self, store: "ContainerStore", old: ContainerRecord, spec: ContainerSpec
    ) -> None:
        """The same for every property that `spec` changes: a file's new version."""
        for prop in SPEC_PROPERTIES:
            value = spec.value(prop)
            if spec.is_set(prop) and not (old.spec.is_set(prop) and old.spec.value(prop) == value):
                self.check_set(store, old.name, spec, prop, value, superuser=True, record=old)

    def check_start(self, store: "ContainerStore", record: ContainerRecord) -> None:
        """Raise unless the container may start now."""
        for prop in SPEC_PROPERTIES:
            if prop.name in self.unsupported and record.spec.is_set(prop):
                self.check_supported("set", record.name, prop)
        for rule in START_RULES:
            rule(store, self.host, self.config, record)
