"""The kernel's room speaks of features; which properties need them the properties say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.spec.codecs.controllers import WORDS
from porto.spec.containers.admission import unsupported
from porto.spec.containers.spec import PROPERTIES

KERNEL = Path(__file__).resolve().parents[3] / "porto" / "kernel"
FILES = sorted(KERNEL.rglob("*.py"))
NEEDED = {need for prop in PROPERTIES.values() for need in prop.prop.needs}
OF_VALUES = {"cpu.iso", "io.fs"}
"""Features that one value of a property needs, see `spec/containers/rules/`."""
_WORD = re.compile(r"(?<![./\w])[a-z_]+(?!\w)")


def texts(tree: ast.AST) -> Iterator[str]:
    """Strings that are neither documentation nor the list of what a module offers."""
    passed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) or (
            isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ):
            passed |= {id(inner) for inner in ast.walk(node)}
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in passed
        ):
            yield node.value


def property_names(text: str) -> set[str]:
    """Properties that a text is, or names among others; ordinary words only as a whole."""
    if text in WORDS:
        return set()
    found = {word for word in _WORD.findall(text) if "_" in word or word == text}
    return found & PROPERTIES.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(KERNEL).as_posix())
def test_no_property_is_named_in_the_kernels_room(file: Path) -> None:
    named = {text: property_names(text) for text in texts(ast.parse(file.read_text()))}
    assert {text: names for text, names in named.items() if names} == {}


def test_every_feature_is_told_by_a_driver_and_needed_by_a_property() -> None:
    told = {
        text
        for file in (KERNEL / "cgroup").rglob("*.py")
        for text in texts(ast.parse(file.read_text()))
    }
    assert told >= NEEDED | OF_VALUES
    dotted = {text for text in told if re.fullmatch(r"(cpu|io|memory)\.(\w+\.)*\w+", text)}
    assert {text for text in NEEDED if "." in text} <= dotted


def test_a_property_is_unsupported_when_one_of_its_needs_is() -> None:
    lacking = {"memory.low": "no low", "cpu.limit": "no quota"}
    assert unsupported(lacking) == {
        "memory_guarantee": "no low",
        "memory_guarantee_total": "no low",
        "cpu_limit": "no quota",
        "cpu_period": "no quota",
        "cpu_throttled": "no quota",
    }


def test_a_missing_controller_is_the_first_reason() -> None:
    lacking = {"cpu": "no controller", "cpu.limit": "no quota"}
    assert unsupported(lacking)["cpu_limit"] == "no controller"
