"""The package's own description: entry points, dependencies, licence."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("command", sorted(PROJECT["scripts"]))
def test_an_entry_point_names_a_function_of_a_module(command: str) -> None:
    module, _, function = PROJECT["scripts"][command].partition(":")
    file = ROOT / (module.replace(".", "/") + ".py")
    if not file.exists():
        file = ROOT / module.replace(".", "/") / "__init__.py"
    defined = {
        node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)
    }
    assert function in defined


def test_the_licence_files_are_there() -> None:
    assert PROJECT["license"] == "LGPL-3.0-or-later"
    for name in PROJECT["license-files"]:
        assert (ROOT / name).stat().st_size > 5000
