"""A facet is named in its own files and in the lists of its kind, and nowhere else.

So that deleting one is deleting these files, and a line in each list.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PORTO = Path(__file__).resolve().parents[2] / "porto"
ROOMS = ("api", "cli", "observers", "reconcilers", "spec")

FACETS = (
    "cpu",
    "cpuset",
    "devices",
    "hugetlb",
    "io",
    "memory",
    "oom",
    "pids",
    "pressure",
    "streams",
)
"""Those that a container could be without. Processes, access and controllers are what it is."""

HOMES = (
    "spec/containers/fields",
    "spec/containers/rules",
    "reconcilers/containers/facets",
    "observers",
)
"""Where each has a file of its name; the rules are the kind's, and may name several."""

OWN = {
    "cpu": ("spec/containers/cpu.py",),
    "cpuset": ("spec/containers/cpu_holders.py", "reconcilers/host/cpuset/"),
    "devices": ("spec/containers/device_access.py",),
    "memory": ("spec/containers/guarantees.py",),
    "streams": (
        "reconcilers/containers/facets/rotation.py",
        "reconcilers/containers/housekeeping.py",
    ),
}
"""Further files of a facet."""

LISTS = {
    "observers/readers.py",
    "reconcilers/containers/chain.py",
    "spec/containers/admission.py",
    "spec/containers/relations.py",
    "spec/containers/spec.py",
    "spec/containers/status.py",
}
"""One line for each facet."""

ALLOWED = {
    ("api/container_waits.py", "oom"): "a wait tells the exit code",
    ("cli/daemon.py", "streams"): "joins all parts",
    ("observers/life.py", "oom"): "exit_code is -99 for a container that was out of memory",
    ("reconcilers/containers/assembly.py", "cpuset"): "joins all parts",
    ("reconcilers/containers/facets/scheduler.py", "cpu"): "the policy of tasks is of both",
    ("reconcilers/containers/facets/scheduler.py", "io"): "the policy of tasks is of both",
    ("reconcilers/containers/foresight/course.py", "cpuset"): "tells a whole start in order",
    ("reconcilers/containers/foresight/steps.py", "streams"): "tells a whole start in order",
    ("reconcilers/host/cpuset/members.py", "cpu"): "a guarantee needs CPUs that are not given away",
    ("spec/containers/controllers.py", "cpuset"): "who is beside holders of CPUs is confined, too",
}
"""Elsewhere: by file and facet, with the reason."""


def modules(name: str) -> set[str]:
    """Dotted names of a facet's modules."""
    files = [f"{home}/{name}.py" for home in HOMES]
    files += [path.rstrip("/") for path in OWN.get(name, ())]
    return {f"porto.{path.removesuffix('.py').replace('/', '.')}" for path in files}


def is_home(path: str, name: str) -> bool:
    if path in LISTS or path.startswith("spec/containers/rules/"):
        return True
    own = [f"{home}/{name}.py" for home in HOMES]
    return path in own or any(path.startswith(other) for other in OWN.get(name, ()))


def mentions(tree: ast.AST, name: str) -> Iterator[str]:
    """Imports of the facet's modules, and reads of its part of a spec or a status."""
    theirs = modules(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            if any(item == own or item.startswith(f"{own}.") for item in names for own in theirs):
                yield ast.unparse(node)
        if isinstance(node, ast.Attribute) and node.attr == name:
            holder = node.value
            word = holder.attr if isinstance(holder, ast.Attribute) else ast.unparse(holder)
            if word in ("spec", "status"):
                yield ast.unparse(node)


def found(name: str) -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for file in sorted((PORTO / room).rglob("*.py")):
            path = file.relative_to(PORTO).as_posix()
            if not is_home(path, name) and (path, name) not in ALLOWED:
                for text in mentions(ast.parse(file.read_text()), name):
                    yield path, text


@pytest.mark.parametrize("name", FACETS)
def test_a_facet_is_named_nowhere_else(name: str) -> None:
    assert sorted(set(found(name))) == []


def test_what_is_allowed_is_there() -> None:
    for path, name in ALLOWED:
        assert list(mentions(ast.parse((PORTO / path).read_text()), name)), (path, name)
    for path in LISTS:
        assert (PORTO / path).is_file()
