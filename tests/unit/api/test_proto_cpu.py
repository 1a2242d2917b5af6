"""CPU properties in TContainerSpec and TContainerStatus: powers are cores there."""

import math

import pytest

from porto.api import proto_codec
from porto.spec.containers.spec import find_property
from porto.spec.errors import InvalidValue
from porto.wire import rpc_pb2


def texts(**fields: object) -> dict[str, str]:
    spec = rpc_pb2.TContainerSpec(name="a", **fields)
    return dict(proto_codec.changes(spec, lambda prop: prop.default))


def test_powers_are_cores() -> None:
    found = texts(cpu_limit=1.5, cpu_guarantee=0.25)
    assert {name: find_property(name).parse("a", text) for name, text in found.items()} == {
        "cpu_limit": 1_500_000_000,
        "cpu_guarantee": 250_000_000,
    }


@pytest.mark.parametrize("cores", [-1.0, math.nan, math.inf, 1e300])
def test_other_numbers_are_refused(cores: float) -> None:
    for name, text in texts(cpu_limit=cores).items():
        with pytest.raises(InvalidValue):
            find_property(name).parse("a", text)


def test_the_others_are_as_in_a_text() -> None:
    found = texts(cpu_weight=2.5, cpu_period=10**7, cpu_policy="idle")
    assert found == {"cpu_weight": "2.5", "cpu_period": "10000000", "cpu_policy": "idle"}
