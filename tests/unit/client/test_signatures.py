"""Names, parameters, order and defaults of the original Python client."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import porto
import porto.api

TABLE = Path(__file__).resolve().parents[2] / "data" / "python_api.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("owner", "method", "wanted"), ROWS, ids=lambda value: value or "-")
def test_method_has_the_original_signature(owner: str, method: str, wanted: str) -> None:
    function = getattr(getattr(porto.api, owner), method)
    found = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        text = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        text += parameter.name
        if parameter.default is not parameter.empty:
            default = repr(parameter.default)
            default = {
                "<class 'socket.socket'>": "socket.socket",
                "<built-in function allocate_lock>": "threading.Lock",
                "<class '_thread.lock'>": "threading.Lock",
            }.get(default, default)
            text += f"={default}"
        found.append(text)
    assert ", ".join(found) == wanted


def test_the_package_exposes_the_client() -> None:
    assert porto.Connection is porto.api.Connection
    assert porto.exceptions.Busy.EID == 15
    assert porto.rpc_pb2.TContainerRequest.DESCRIPTOR.full_name == "rpc.TContainerRequest"
    with pytest.raises(AttributeError, match="nothing"):
        porto.nothing  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        porto.api.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; a = set(sys.modules); import porto; print(*(set(sys.modules) - a))"
    got = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert got.stdout.split() == ["porto"]
