"""The child knows every operation of the contract, and each takes the wire's arguments."""

import inspect
import json

import pytest

from porto.launcher import child, execute, ops

KINDS = {kind.__name__: kind for kind in ops.Op.__subclasses__()}


def test_every_operation_has_its_function() -> None:
    assert set(child.OPERATIONS) | set(execute.LAST) == set(KINDS)
    assert not set(child.OPERATIONS) & set(execute.LAST)


@pytest.mark.parametrize("name", sorted(child.OPERATIONS))
def test_a_function_takes_the_fields_in_order(name: str) -> None:
    parameters = list(inspect.signature(child.OPERATIONS[name]).parameters)
    assert parameters[0] == "fds"
    assert parameters[1:] == list(inspect.signature(KINDS[name]).parameters)


def test_execute_takes_its_fields_in_order() -> None:
    operation = ops.Execute("a", ("b",), (("c", "d"),), True)
    assert json.loads(json.dumps(operation.to_wire())) == [
        *("Execute", "a", ["b"], [["c", "d"]], True),
    ]
    assert ops.Rest().to_wire() == ["Rest"]
