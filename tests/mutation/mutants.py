"""Mutants of one room, made and run by mutmut in a copy of the checkout.

mutmut writes all mutants of a file into one copy of it, notes once which functions each
test calls, and then forks for each mutant a process that has everything imported and runs
only the tests that call the changed function, quickest first, until one fails. It leaves
alone what runs at import (module level, decorators, decorated functions other than static
and class methods).
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mutmut.configuration import reset_config
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name, orig_function_and_class_names_from_key

from tests.mutation.bounds import stop
from tests.mutation.rooms import Room
from tests.mutation.survivors import Mutation
from tests.mutation.tally import Verdict, verdict

_BUILT = ("porto/launcher/reaper", "porto/launcher/executor")
"""Programs that tests find beside their sources and git does not know."""
_UNTOUCHED = (r"\bcast\(", r"\bassert_never\(")
"""Lines that mean something to a type checker only."""
_LAST_LINES = 25


class CannotRun(Exception):
    """mutmut ended without verdicts: its last lines say why."""


class Copy:
    """A throw-away copy of the checkout; the working directory of this process from now on.

    mutmut's functions read the configuration of, and name files from, the directory they
    are called in.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        """Copy what git knows or would add, and what setup.py builds."""
        self._scratch = scratch
        listed = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root
        )
        for name in [*os.fsdecode(listed).split("\0"), *_BUILT]:
            if name and (root / name).is_file():
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, scratch / name)
        self._tests: tuple[str, ...] = ()
        self._project = (scratch / "pyproject.toml").read_text(encoding="utf-8")
        os.chdir(scratch)

    def enter(self, room: Room, files: Sequence[str]) -> list[str]:
        """Make this room the one that is changed; the names of all its mutants."""
        shutil.rmtree("mutants", ignore_errors=True)
        self._tests = room.tests
        there = sorted(entry.name for entry in self._scratch.iterdir())
        settings = {
            "source_paths": ["porto"],
            "only_mutate": list(files),
            "also_copy": [name for name in there if name != "porto"],
            "do_not_mutate_patterns": list(_UNTOUCHED),
            "pytest_add_cli_args_test_selection": list(room.tests),
            "pytest_add_cli_args": ["-p", "no:cacheprovider", "--without", "root"],
            "timeout_constant": 2.0,
            # Each mutant in a process that has run no test: what a test has left behind
            # (a cache of compiled masks) would answer in the place of the changed code.
            "process_isolation": "forkserver",
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        text = "\n".join([self._project, "[tool.mutmut]", *lines, ""])
        Path("pyproject.toml").write_text(text, encoding="utf-8")
        reset_config()
        return [name for file in files for name in _names(file)]

    def run(self, names: Sequence[str], jobs: int, limit_s: float) -> dict[str, Verdict]:
        """Verdicts of these mutants of the room; not run, where the time was too short.

        Raises:
            CannotRun: not one verdict, mostly because a test fails before any change.
        """
        # The console script, not -m: mutmut's main module must not be loaded twice.
        mutmut = str(Path(sys.executable).with_name("mutmut"))
        with Path("mutmut.log").open("w", encoding="utf-8") as log:
            command = [mutmut, "run", "--max-children", str(jobs), *names]
            with subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            ) as run:
                stop(run, limit_s)
        noted = _noted()
        verdicts = {name: verdict(noted.get(name)) for name in names}
        if set(verdicts.values()) <= {Verdict.NOT_RUN}:
            raise CannotRun(f"{_last_lines(Path('mutmut.log'))}\n{self._unchanged()}")
        return verdicts

    def _unchanged(self) -> str:
        """What the room's tests say when no mutant is chosen."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--without", "root", *self._tests]
        ended = subprocess.run(command, cwd="mutants", capture_output=True, text=True, check=False)
        return "\n".join(ended.stdout.splitlines()[-_LAST_LINES:])


def difference(file: str, name: str) -> tuple[Mutation, str]:
    """What the mutant changes, and as a unified diff."""
    diff = get_diff_for_mutant(name, path=file)
    function, owner = orig_function_and_class_names_from_key(name)
    return Mutation.of_diff(file, f"{owner}.{function}" if owner else function, diff), diff


def file_of(name: str, files: Sequence[str]) -> str:
    """The file that a mutant changes, by the longest module name its own begins with."""
    modules = {file: _module(file) for file in files}
    matching = [file for file, module in modules.items() if name.startswith(f"{module}.x")]
    return max(matching, key=lambda file: len(modules[file]))


def _names(file: str) -> list[str]:
    made = mutate_file_contents(file, Path(file).read_text(encoding="utf-8"))
    return [get_mutant_name(Path(file), name) for name in made.mutant_names]


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def _noted() -> dict[str, int | None]:
    """The exit status of every mutant of the room that mutmut has noted."""
    found: dict[str, int | None] = {}
    for path in Path("mutants/porto").rglob("*.meta"):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _last_lines(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
    told = [line for line in text.splitlines() if line.isascii()]
    return "\n".join(told[-_LAST_LINES:])
