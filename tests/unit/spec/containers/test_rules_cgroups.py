"""Refusals about controllers, as whole messages."""

import pytest

from porto.spec.config import Config
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.rules import cgroups
from porto.spec.containers.rules.proposal import Proposal
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidValue, NotSupported, PortoError
from porto.spec.host import Host

HERE = Host(controllers=frozenset({"freezer", "memory", "cpu", "pids"}))
CONTROLLERS = find_property("controllers")


def proposal(text: str, host: Host, **values: str) -> Proposal:
    spec = DEFAULT_SPEC
    for name, value in values.items():
        prop = find_property(name)
        spec = spec.with_value(prop, prop.codec.parse(value))
    return Proposal(
        store=ContainerStore(None),
        host=host,
        config=Config(),
        name="a",
        record=None,
        spec=spec,
        prop=CONTROLLERS,
        value=CONTROLLERS.codec.parse(text),
        text=text,
        superuser=True,
    )


LIMITED = {"memory_limit": "1G", "cpu_limit": "1c"}


@pytest.mark.parametrize(
    ("text", "values", "error", "reason"),
    [
        ("freezer", {}, None, ""),
        ("freezer;memory;cpu", LIMITED, None, ""),
        ("pids: true", LIMITED, None, ""),
        ("memory;pids", {}, InvalidValue, "freezer is required by porto"),
        ("freezer: false", {}, InvalidValue, "freezer is required by porto"),
        ("", {}, InvalidValue, "freezer is required by porto"),
        (
            "freezer",
            LIMITED,
            InvalidValue,
            "cpu is required by cpu_limit, memory is required by memory_limit",
        ),
        ("memory: false", LIMITED, InvalidValue, "memory is required by memory_limit"),
        (
            "freezer;net_cls;hugetlb",
            {},
            NotSupported,
            "this host has no controller net_cls, hugetlb",
        ),
        ("hugetlb: true", {}, NotSupported, "this host has no controller hugetlb"),
        ("hugetlb: false", {}, None, ""),
    ],
)
def test_a_choice(
    text: str, values: dict[str, str], error: type[PortoError] | None, reason: str
) -> None:
    if error is None:
        cgroups.check_choice(proposal(text, HERE, **values))
    else:
        with pytest.raises(error) as caught:
            cgroups.check_choice(proposal(text, HERE, **values))
        assert caught.value.text == f"cannot set controllers of a to {text!r}: {reason}"


def test_a_host_that_nobody_looked_at_lacks_nothing() -> None:
    cgroups.check_choice(proposal("freezer;net_cls", Host()))


def test_what_the_host_lacks_is_not_required() -> None:
    only_freezer = Host(controllers=frozenset({"freezer"}))
    cgroups.check_choice(proposal("freezer", only_freezer, **LIMITED))


def test_a_host_that_has_lost_controllers() -> None:
    store = ContainerStore(None)
    spec = DEFAULT_SPEC.with_value(CONTROLLERS, ("freezer", "net_cls", "hugetlb"))
    record = ContainerRecord(4, "a", spec)
    cgroups.check_host(store, Host(), Config(), record)
    with pytest.raises(NotSupported) as caught:
        cgroups.check_host(store, HERE, Config(), record)
    assert caught.value.text == (
        "cannot start a: this host has no controller net_cls, hugetlb, which its controllers name"
    )
