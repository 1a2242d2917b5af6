"""What the machine itself needs, measured in the same run as the rows.

A ratio to a floor can be compared between machines and between busy and idle hours;
a figure alone cannot.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.figures import median

HERE = Path(__file__).parent
TRUE = shutil.which("true") or "/bin/true"


@dataclass
class Floors:
    """Medians; microseconds unless said. None: could not be measured here."""

    isolated_us: float | None = None
    spawn_us: float | None = None
    python_ms: float | None = None
    echo_us: dict[int, float] = field(default_factory=dict)
    echo_rate: float | None = None


def isolated(scratch: Path, cycles: int) -> float | None:
    """clone3 with namespaces, exec, wait: in C, compiled on the spot."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    binary = scratch / "floor"
    subprocess.run([compiler, "-O2", "-o", binary, HERE / "floor.c"], check=True)
    output = subprocess.run(
        [binary, str(cycles), TRUE], check=True, capture_output=True, text=True
    ).stdout
    return median([float(word) for word in output.split()])


def spawn(cycles: int) -> float:
    """posix_spawn of true, and its end."""
    samples = []
    for _ in range(cycles):
        begin = time.perf_counter()
        pid = os.posix_spawn(TRUE, [TRUE], {})
        os.waitpid(pid, 0)
        samples.append((time.perf_counter() - begin) * 1e6)
    return median(samples)


def bare_python(cycles: int) -> float:
    """The interpreter starting and ending, milliseconds: the floor of a Python command."""
    samples = []
    for _ in range(cycles):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
        samples.append((time.perf_counter() - begin) * 1e3)
    return median(samples)


class Echo:
    """The answering server in a process of its own, while the block lasts."""

    def __init__(self, scratch: Path) -> None:
        self.path = str(scratch / "echo.socket")

    def __enter__(self) -> "Echo":
        command = [sys.executable, "-I", str(HERE / "echo.py"), self.path]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.server.stdout is not None
        if not self.server.stdout.readline():
            raise RuntimeError("the echo server did not start")
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.kill()
        self.server.wait()
        assert self.server.stdout is not None
        self.server.stdout.close()

    def round_trip_us(self, size: int, cycles: int) -> float:
        """A question and an answer of `size` bytes."""
        question = size.to_bytes(4, "big")
        samples = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(self.path)
            for _ in range(cycles):
                begin = time.perf_counter()
                client.sendall(question)
                missing = size
                while missing > 0:
                    missing -= len(client.recv(1 << 20))
                samples.append((time.perf_counter() - begin) * 1e6)
        return median(samples)
