"""Every example of the README, run as it stands against a daemon of our own."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import patient

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIMIT_S = patient(30.0)

pytestmark = pytest.mark.needs("root", "cgroup")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


@pytest.fixture
def shell(own_daemon, tmp_path: Path):
    """Runs a block as a user would, with our daemon in the place of the machine's."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "portoctl"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m porto.cli.portoctl "$@"\n')
    program.chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PORTO_SOCKET": own_daemon.socket,
    }

    def run(block: str) -> str:
        text = block.replace("/run/portod.pid", f"{own_daemon.runtime}/portod.pid")
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", text],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}\n{own_daemon.tail()}"
        return done.stdout

    return run


def test_the_shell_examples_do_what_they_say(shell) -> None:
    hello, background, validate, see, kill = blocks("sh")
    assert shell(hello) == "Hello, world!\n"
    assert "running" in shell(background)
    shell(validate)
    seen = shell(see)
    assert "pids.max" in seen
    assert "destroy" in seen
    shell("portoctl run kept command='sleep 1000'")
    assert "kept" in shell(kill)


def test_the_file_example_starts_and_its_removal_destroys(own_daemon, shell) -> None:
    (text,) = blocks("")
    file = own_daemon.containers / "clock.CT"
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = own_daemon.connection()

    def until(wanted: bool) -> None:
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            states = connection.Get(["***"], ["state"])
            if (states.get("clock", {}).get("state") == "running") is wanted:
                return
            time.sleep(0.02)
        raise AssertionError(f"clock is not {wanted}: {states}\n{own_daemon.tail()}")

    temporary = file.with_name(".clock.CT.new")
    temporary.write_text(text)
    temporary.rename(file)
    try:
        until(True)
        file.unlink()
        until(False)
    finally:
        connection.disconnect()


def test_the_python_example_runs(own_daemon, shell) -> None:
    (example,) = blocks("python")
    text = example.replace("Connection()", f"Connection(socket_path={own_daemon.socket!r})")
    output = subprocess.run(
        [sys.executable, "-c", text],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )
    assert (output.returncode, output.stderr) == (0, "")
    assert output.stdout == "dead 3\n"
