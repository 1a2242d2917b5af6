"""A fake daemon, and portoctl in this process or as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from porto.cli.portoctl.main import main
from tests.fakes.portod import FakePortod


class Ended(NamedTuple):
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortod]:
    with FakePortod(tmp_path) as daemon:
        monkeypatch.setenv("PORTO_SOCKET", daemon.socket)
        yield daemon


@pytest.fixture
def ctl(fake: FakePortod, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run portoctl in this process."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        status = main(list(arguments))
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def spawn(fake: FakePortod) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start portoctl as a process."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            # A background job ignores it, and so would its children.
            "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "porto.cli.portoctl", *arguments],
            env={**os.environ, "PORTO_SOCKET": fake.socket, "TERM": "vt100"},
            **(streams | options),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
