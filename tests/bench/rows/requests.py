"""What an idle daemon weighs, and how fast it answers small questions and commands."""

import selectors
import socket
import subprocess
import threading
import time

from tests.bench.figures import Row, median
from tests.bench.floors import Echo
from tests.bench.plan import Bench
from tests.bench.rig import Rig, command_of, environment
from tests.bench.wire import GET_PROPERTY, Client, request

CONNECTIONS = 8
SETTLE_S = 1.0
SMALL_REPLY = 32


def round_trips(client: Client, frame: bytes, count: int) -> list[float]:
    """Microseconds of each exchange."""
    client.call(frame)
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        client.exchange(frame)
        samples.append((time.perf_counter() - begin) * 1e6)
    return samples


def throughput(path: str, frame: bytes, seconds: float) -> float:
    """Requests a second over several connections, one request in flight on each."""
    clients = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(CONNECTIONS)]
    answered = 0
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.connect(path)
            selector.register(client, selectors.EVENT_READ)
        begin = time.perf_counter()
        for client in clients:
            client.sendall(frame)
        while (now := time.perf_counter()) - begin < seconds:
            for key, _ in selector.select(1.0):
                client = key.fileobj  # type: ignore[assignment]
                # A small reply comes whole: it is one write on a local socket.
                if not client.recv(4096):
                    raise ConnectionError("portod closed the connection")
                client.sendall(frame)
                answered += 1
    for client in clients:
        client.close()
    return answered / (now - begin)


def parallel_starts(rig: Rig, count: int) -> float:
    """Starts a second by several clients; the containers are there before."""
    names = [f"parallel-{turn}" for turn in range(count)]
    with rig.client() as client:
        for name in names:
            client.create(name)
            client.set(name, command="sleep 100000")
    gate = threading.Barrier(CONNECTIONS + 1)
    failures: list[BaseException] = []

    def work(part: list[str]) -> None:
        try:
            with rig.client() as client:
                gate.wait()
                for name in part:
                    client.start(name)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(names[turn::CONNECTIONS],))
        for turn in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    gate.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    if failures:
        raise failures[0]
    with rig.client() as client:
        for name in names:
            client.destroy(name)
    return count / seconds


def wall_ms(command: list[str], rig: Rig, count: int) -> float:
    """Median wall time of a command."""
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment(PORTO_SOCKET=rig.socket),
        )
        # Not wait(timeout): it polls, with up to 50 ms between two looks.
        if process.wait() != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        samples.append((time.perf_counter() - begin) * 1e3)
    return median(samples)


def run(bench: Bench) -> None:
    """The rows of a daemon with next to nothing to do."""
    size, floors, report = bench.size, bench.floors, bench.report
    with Echo(bench.scratch) as echo:
        echo_us = echo.round_trip_us(SMALL_REPLY, size.round_trips)
        echo_rate = throughput(echo.path, SMALL_REPLY.to_bytes(4, "big"), size.throughput_s)
    with Rig() as rig:
        time.sleep(SETTLE_S)
        report.add(Row("memory of daemon and master, idle", rig.memory_bytes() / 1e6, "MB", 90))
        with rig.client() as client:
            client.create("asked")
            frame = request(GET_PROPERTY, (1, "asked"), (2, "state"))
            samples = round_trips(client, frame, size.round_trips)
        report.add(
            Row("get of one property, 1 connection", median(samples), "us", 60, floor=echo_us)
        )
        rate = throughput(rig.socket, frame, size.throughput_s)
        report.add(
            Row(
                f"get of one property, {CONNECTIONS} connections",
                rate / 1e3,
                "k/s",
                30,
                at_least=True,
                floor=echo_rate / 1e3,
            )
        )
        rate = parallel_starts(rig, size.parallel_starts)
        report.add(
            Row(
                f"{size.parallel_starts} starts by {CONNECTIONS} clients",
                rate,
                "/s",
                250,
                at_least=True,
                floor=1e6 / floors.isolated_us if floors.isolated_us else None,
            )
        )
        portoctl = command_of("portoctl")
        wall = wall_ms([*portoctl, "get", "asked", "state"], rig, size.commands)
        report.add(Row("portoctl get, wall", wall, "ms", 50, floor=floors.python_ms))
        wall = wall_ms([*portoctl, "exec", "run", "command=true"], rig, size.commands)
        report.add(Row("portoctl exec true, wall", wall, "ms", 60, floor=floors.python_ms))
