"""What facets add to a start, as data: the one place where tests ask them."""

from porto.kernel.cgroup.group import Group
from porto.reconcilers.containers.target import Launch, LaunchPlan, Target
from porto.spec.codecs import GroupName, UserName
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property


def record(name: str, **values: str) -> ContainerRecord:
    """A container with these properties, by their texts.

    Accounts as they are stored: what was one when it was set may be none at the start.
    """
    spec = DEFAULT_SPEC
    for key, text in values.items():
        prop = find_property(key)
        account = isinstance(prop.codec, UserName | GroupName)
        spec = spec.with_value(prop, text if account else prop.codec.parse(text))
    return ContainerRecord(7, name, spec)


def start_of(
    found: ContainerRecord, *facets: Launch, lineage: tuple[ContainerRecord, ...] = ()
) -> LaunchPlan:
    """The start of a container as these facets alone make it, in their order."""
    plan = LaunchPlan()
    target = Target(found, lineage, Group(found.name, {}, ()))
    for facet in facets:
        facet.prepare(target, plan)
    return plan
