"""Compiles the launcher's two C programs next to the package.

Called by setup.py when a package is built, by `portod` and the tests in a source
checkout that has no binaries yet, and by hand: ``python -m porto.launcher.build``.
The results are the files `porto/launcher/reaper` and `porto/launcher/executor`, which
programs.py opens for the master.
"""

import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent

_WARNINGS = ["-Wall", "-Wextra"]


class Program(NamedTuple):
    """What a program is made of; sources and headers are files of this directory."""

    sources: tuple[str, ...]
    headers: tuple[str, ...]
    flags: tuple[str, ...]


_REAPER_FLAGS = (
    "-std=gnu11",
    "-Os",
    "-static",
    "-nostdlib",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-pie",
    "-no-pie",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-tree-loop-distribute-patterns",
    "-Wl,--build-id=none",
    "-Wl,-z,noseparate-code",
    "-Wl,-z,noexecstack",
    "-s",
    *{
        "x86_64": ("-fcf-protection=none",),
        "aarch64": ("-mno-outline-atomics",),
    }.get(platform.machine(), ()),
)
_EXECUTOR_FLAGS = (
    "-std=gnu11",
    "-O2",
    "-static",
    "-fno-pie",
    "-no-pie",
    "-ffunction-sections",
    "-Wl,--gc-sections",
    "-Wl,-z,noexecstack",
    "-s",
)
PROGRAMS = {
    "reaper": Program(("reaper.c",), (), _REAPER_FLAGS),
    "executor": Program(
        (
            *("executor.c", "request.c", "report.c", "namespaces.c", "filesystem.c"),
            *("slots.c", "beneath.c", "mounts.c", "process.c", "execute.c"),
        ),
        ("executor.h",),
        _EXECUTOR_FLAGS,
    ),
}


def build(name: str, directory: Path = HERE) -> Path:
    """Compile a program with $CC (default cc) into a directory, replacing it atomically.

    Raises OSError when there is no compiler, CalledProcessError when it fails.
    """
    program = PROGRAMS[name]
    target = directory / name
    temporary = directory / f".{name}.{os.getpid()}"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    sources = [str(HERE / source) for source in program.sources]
    command = [*compiler, *program.flags, *_WARNINGS, "-o", str(temporary), *sources]
    try:
        subprocess.run(command, check=True)
        temporary.chmod(0o755)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def build_all(directory: Path = HERE) -> list[Path]:
    """Compile both."""
    return [build(name, directory) for name in PROGRAMS]


def ensure_programs() -> None:
    """Compile what is missing or, in a source checkout, older than its sources.

    Raises as `build`, but not when there is an older binary.
    """
    checkout = (HERE.parent.parent / "setup.py").exists()
    for name, program in PROGRAMS.items():
        binary = HERE / name
        present = binary.exists()
        if present and not (checkout and _is_old(binary, program)):
            continue
        try:
            build(name)
        except (OSError, subprocess.CalledProcessError):
            if not present:
                raise


def _is_old(binary: Path, program: Program) -> bool:
    made = binary.stat().st_mtime
    return any(
        (HERE / source).stat().st_mtime > made for source in (*program.sources, *program.headers)
    )


if __name__ == "__main__":
    for path in build_all(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(path)
