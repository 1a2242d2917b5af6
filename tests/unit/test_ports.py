"""The kernel is reached through ports alone, and changed by the carrier alone.

What is written in the rooms of observers and reconcilers is read here: no function of the
kernel's room is called by its name, except those that only compute.
"""

import ast
import dataclasses
import enum
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("observers", "reconcilers")
FILES = [file for room in ROOMS for file in sorted((ROOT / "porto" / room).rglob("*.py"))]

PURE = {
    "porto.kernel.block.disks.is_physical",
    "porto.kernel.block.disks.order",
    "porto.kernel.cgroup.meaning.cpu.clamp",
    "porto.kernel.cgroup.meaning.cpu.nice_of_weight",
    "porto.kernel.process.scheduling.describe_ioprio",
}
"""Functions that compute, and look at nothing."""

OF_PATHS = {"open", "readlink", "scandir", "listdir", "stat", "lstat", "mkdir", "unlink", "kill"}
"""Functions of `os` that look for something by its name, or change it."""
OPENING = {"observers/population.py": "what is awaited is the event loop's own"}
"""Files that open by themselves, and why."""
CARRYING = {
    "reconcilers/engine/carrier.py": "the carrier",
    "reconcilers/containers/facets/memory.py": "an effect that is made of another",
}


def kernel_names(tree: ast.AST) -> dict[str, object]:
    """What a file imports of the kernel's room, by the names that it has there."""
    found: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("porto.kernel") for alias in node.names)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("porto.kernel"):
            assert node.module is not None
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                found[alias.asname or alias.name] = getattr(module, alias.name)
    return found


def is_value(thing: object) -> bool:
    """Whether making or reading one only computes."""
    if isinstance(thing, FunctionType):
        return f"{thing.__module__}.{thing.__qualname__}" in PURE
    if isinstance(thing, type):
        return dataclasses.is_dataclass(thing) or issubclass(thing, enum.Enum)
    return True


def breaches(tree: ast.AST) -> Iterator[str]:
    """Uses of what is not handed in."""
    names = kernel_names(tree)
    for node in ast.walk(tree):
        thing: object = None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = names.get(node.value.id)
            if isinstance(module, ModuleType):
                thing = getattr(module, node.attr)
        elif isinstance(node, ast.Name) and isinstance(names.get(node.id), FunctionType):
            thing = names[node.id]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            thing = names.get(node.func.id)
        if not is_value(thing):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def named(file: Path) -> str:
    return file.relative_to(ROOT / "porto").as_posix()


@pytest.mark.parametrize("file", FILES, ids=named)
def test_the_kernel_is_handed_in(file: Path) -> None:
    assert list(breaches(ast.parse(file.read_text()))) == []


@pytest.mark.parametrize(
    "text",
    [
        "from porto.kernel.process import processes\nx = processes.uptime()",
        "from porto.kernel.process.processes import uptime\nx = uptime()",
        "from porto.kernel.file.files import exists\nf(exists)",
        "from porto.kernel.file.inotify import Inotify\nx = Inotify()",
    ],
)
def test_a_breach_is_found(text: str) -> None:
    assert len(set(breaches(ast.parse(text)))) >= 1


@pytest.mark.parametrize("file", FILES, ids=named)
def test_nothing_is_looked_for_by_path(file: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    found = [
        ast.unparse(call)
        for call in calls
        if ast.unparse(call.func) in {"open", *(f"os.{name}" for name in OF_PATHS)}
    ]
    assert bool(found) is (named(file) in OPENING), found


def test_the_carrier_is_the_only_caller_of_effects() -> None:
    found = {
        named(file)
        for file in sorted((ROOT / "porto").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "carry"
    }
    assert found == CARRYING.keys()
