"""The exceptions of the client."""

import pytest

import porto
from porto import exceptions
from porto.wire import rpc_pb2


@pytest.mark.parametrize(("name", "code"), sorted(rpc_pb2.EError.items()))
def test_every_error_of_the_wire_has_its_class(name: str, code: int) -> None:
    if name in ("Success", "Queued"):
        assert not hasattr(exceptions, name)
        return
    leaf = getattr(porto.exceptions, name)
    assert issubclass(leaf, exceptions.PortoException)
    made = exceptions.PortoException.Create(code, "why")
    assert type(made) is leaf
    assert code == made.EID
    assert made.text == "why"
    assert str(made) == f"{name}:(why)"


def test_codes_of_later_daemons_are_unknown() -> None:
    error = exceptions.PortoException.Create(4711, "new")
    assert type(error) is exceptions.Unknown
    assert "4711" in str(error)


def test_a_wait_that_ends_is_not_an_error_of_the_wire() -> None:
    assert exceptions.WaitContainerTimeout.__bases__ == (exceptions.PortoException,)
    assert exceptions.WaitContainerTimeout.EID is None
