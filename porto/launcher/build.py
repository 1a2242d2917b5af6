"""Compiles the static reaper (reaper.c) next to the package.

Called by setup.py when a package is built, by `portod` and the tests in a source
checkout that has no binary yet, and by hand: ``python -m porto.launcher.build``.
The result is the file `porto/launcher/reaper`, which master.py keeps open.
"""

import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "reaper.c"
BINARY = HERE / "reaper"

_FLAGS = [
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
    "-Wall",
    "-Wl,--build-id=none",
    "-Wl,-z,noseparate-code",
    "-Wl,-z,noexecstack",
    "-s",
]
_MACHINE_FLAGS = {"x86_64": ["-fcf-protection=none"], "aarch64": ["-mno-outline-atomics"]}


def build_reaper(target: Path = BINARY) -> Path:
    """Compile the reaper with $CC (default cc) into `target`, replacing it atomically.

    Raises OSError when there is no compiler, CalledProcessError when it fails.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    machine = _MACHINE_FLAGS.get(platform.machine(), [])
    command = [*compiler, *_FLAGS, *machine, "-o", str(temporary), str(SOURCE)]
    try:
        subprocess.run(command, check=True)
        temporary.chmod(0o755)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def ensure_reaper() -> Path:
    """The reaper's path; compiled first when missing or older than its source."""
    present = BINARY.exists()
    checkout = (HERE.parent.parent / "setup.py").exists()
    if present and not (checkout and BINARY.stat().st_mtime < SOURCE.stat().st_mtime):
        return BINARY
    try:
        return build_reaper()
    except (OSError, subprocess.CalledProcessError):
        if present:
            return BINARY
        raise


if __name__ == "__main__":
    print(build_reaper(Path(sys.argv[1]) if len(sys.argv) > 1 else BINARY))
