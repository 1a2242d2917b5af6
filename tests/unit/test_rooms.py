"""What the light programs really load: import rules as they turn out at run time.

`lint-imports` knows what is written; this asks a fresh interpreter what came in.
"""

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"pydantic", "pydantic_core", "yaml", "watchfiles", "pyroute2", "structlog", "asyncio"}
LAUNCHER = sorted(
    f"porto.launcher.{file.stem}"
    for file in (ROOT / "porto" / "launcher").glob("*.py")
    if file.stem not in ("__init__", "__main__", "client")
)
PORTOCTL = sorted(
    f"porto.cli.portoctl.{file.stem}"
    for file in (ROOT / "porto" / "cli" / "portoctl").glob("*.py")
    if file.stem not in ("__init__", "__main__")
)


def loaded_by(*modules: str) -> set[str]:
    """All modules that are there after a fresh interpreter imported these."""
    code = "import importlib, json, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    output = subprocess.run(
        [sys.executable, "-c", f"{code}print(json.dumps(sorted(sys.modules)))", *modules],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout
    return set(json.loads(output))


def top(modules: set[str]) -> set[str]:
    """Names of the top-level packages."""
    return {name.partition(".")[0] for name in modules}


def test_the_master_loads_the_standard_library_the_system_calls_and_itself() -> None:
    loaded = loaded_by(*LAUNCHER)
    ours = {name for name in loaded if name.partition(".")[0] == "porto"}
    rooms = {name for name in ours if not name.startswith("porto.launcher")}
    assert rooms == {"porto", "porto.kernel", "porto.kernel.syscalls"}
    assert top(loaded) & (HEAVY | {"google"}) == set()


def test_every_command_of_portoctl_loads_without_the_heavy_packages() -> None:
    assert top(loaded_by(*PORTOCTL)) & (HEAVY | {"google"}) == set()


@pytest.mark.parametrize("program", ["porto.cli.portod", "porto.launcher.start"])
def test_the_masters_program_starts_light(program: str) -> None:
    assert top(loaded_by(program)) & (HEAVY | {"google"}) == set()


def test_importing_porto_loads_no_client_yet() -> None:
    ours = {name for name in loaded_by("porto") if name.startswith("porto")}
    assert ours == {"porto"}


def test_the_client_loads_the_wire_and_protobuf() -> None:
    loaded = loaded_by("porto.client.connection")
    ours = {name for name in loaded if name.partition(".")[0] == "porto"}
    assert {name.split(".")[1] for name in ours if "." in name} == {"client", "wire"}
    assert top(loaded) & HEAVY == set()


@pytest.mark.parametrize("room", ["api", "cli", "client", "wire"])
def test_the_files_of_a_room_do_not_import_in_circles(room: str) -> None:
    files = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): file
        for file in (ROOT / "porto" / room).rglob("*.py")
    }
    imports = {name: imported_by(file) & files.keys() for name, file in files.items()}
    # Raises CycleError with the circle; imports for type checkers only count as well.
    assert len(list(TopologicalSorter(imports).static_order())) == len(files)


def imported_by(file: Path) -> set[str]:
    """Dotted names of what a file imports, as modules and as names of modules."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
