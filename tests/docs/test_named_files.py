"""Files that the code's own texts name exist: in docstrings, comments and messages."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "porto"
SUFFIXES = (".py", ".c", ".h", ".proto")
SOURCES = sorted(
    file
    for file in PACKAGE.rglob("*")
    if file.suffix in SUFFIXES and not file.name.endswith("_pb2.py")
)
FILES = {
    str(file.relative_to(ROOT))
    for folder in ("porto", "scripts", "tests")
    for file in (ROOT / folder).rglob("*")
} | {file.name for file in ROOT.iterdir()}
FOLDERS = {folder.name for folder in PACKAGE.rglob("*") if folder.is_dir()}
OF_THE_KERNEL = ("include/", "fs/", "mm/")
"""Where files of Linux lie that are named as sources of formats and numbers."""

# A name with a suffix, and a path without one that begins in one of our folders.
WITH_SUFFIX = re.compile(r"(?<![\w/.<-])(?:[\w*-]+/)*[\w*-]+\.(?:py|c|h|proto)\b")
QUOTED_PATH = re.compile(r"`([a-z_0-9]+(?:/[a-z_0-9]+)+)/?`")


def names_in(text: str) -> set[str]:
    paths = QUOTED_PATH.findall(text)
    paths = {path for path in QUOTED_PATH.findall(text) if path.split("/")[0] in FOLDERS}
    names = paths.union(WITH_SUFFIX.findall(text))
    return {name for name in names if not name.startswith(OF_THE_KERNEL)}


def exists(name: str, source: Path) -> bool:
    """Beside `source` or a folder above it; a path may also begin in any of our folders."""
    for folder in source.parents:
        if (folder / name).exists() or (folder / f"{name}.py").exists():
            return True
        if folder == ROOT:
            break
    if "/" not in name and "*" not in name:
        return False
    patterns = (f"*/{name}", f"*/{name}.py")
    return any(fnmatch(file, pattern) for file in FILES for pattern in patterns)


@pytest.mark.parametrize("room", sorted({file.relative_to(PACKAGE).parts[0] for file in SOURCES}))
def test_files_named_in_the_code_exist(room: str) -> None:
    missing = {
        f"{source.relative_to(ROOT)} names {name}"
        for source in SOURCES
        if source.relative_to(PACKAGE).parts[0] == room
        for name in names_in(source.read_text(encoding="utf-8"))
        if not exists(name, source)
    }
    assert missing == set()


def test_what_is_taken_for_the_name_of_a_file() -> None:
    text = (
        "See `server.py`, `kernel/cgroup/*/cpu.py`, `life/notes` and `spec/`; not /etc/a.py, "
        "`web/db`, include/uapi/linux/bpf.h, porto.spec.errors or x.pyc."
    )
    assert names_in(text) == {"server.py", "kernel/cgroup/*/cpu.py", "life/notes"}
    here = PACKAGE / "api" / "handlers" / "get.py"
    there = ("listing.py", "server.py", "spec/errors.py", "v1/cpu.py", "kernel/cgroup/*/cpu.py")
    assert [name for name in there if not exists(name, here)] == []
    gone = ("framing.py", "api/framing", "spec/no_such.py", "kernel/cgroup/*/no_such.py")
    assert [name for name in gone if exists(name, here)] == []
