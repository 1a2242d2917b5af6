"""The client of a life: careful, and with a memory of what it was promised.

What was acknowledged is remembered, and compared with what the daemon says later. A command
writes the number of its launch into a file, which tells what ran how often.
"""

import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import porto
from porto.client import exceptions
from porto.client.exceptions import PortoException, SocketError, SocketTimeout
from porto.spec.events import Event, What
from tests.reliability.asking import PATIENCE_S, Asking, Broken
from tests.reliability.pair import Pair
from tests.reliability.points import Point


class Script(Asking):
    """One life's client."""

    def __init__(self, pair: Pair, point: Point, canon: dict[tuple[str, str, str], str]) -> None:
        """`canon` is how values are read back, learned by lives without faults."""
        super().__init__(pair, point)
        self._canon = canon
        self._wanted: dict[str, dict[str, str]] = {}
        self._declared: set[str] = set()
        self._launches: Counter[str] = Counter()
        self._runs: dict[tuple[str, int], int] = {}
        self._deaths: Counter[str] = Counter()
        self._directory = pair.scratch / "runs"
        self._directory.mkdir(exist_ok=True)
        self._directory.chmod(0o777)
        for file in self._directory.iterdir():
            file.unlink()
        self._told = max((event.serial for event in self._events(0)), default=0)

    # -- doing ---------------------------------------------------------------------------

    def create(self, name: str, **properties: str) -> None:
        """A container with these properties, each set by a call of its own."""
        exists = exceptions.ContainerAlreadyExists
        self.ask("create", name, lambda: self._conn.Create(name), done=exists)
        self._wanted[name] = {}
        for prop, value in properties.items():
            self.set(name, prop, value)

    def set(self, name: str, prop: str, value: str) -> None:
        """Set; refused means unchanged, acknowledged means for ever."""
        before = self.read(name, prop)

        def unchanged() -> None:
            if (now := self.read(name, prop)) != before:
                self.find(f"set {name} {prop} was refused, and is {now!r} instead of {before!r}")

        call = lambda: self._conn.SetProperty(name, prop, value)  # noqa: E731
        self.ask(f"set {prop} of", name, call, again=unchanged)
        self._remember(name, prop, value)

    def _remember(self, name: str, prop: str, value: str) -> None:
        now = self.read(name, prop)
        if self._canon.setdefault((name, prop, value), now) != now:
            self.find(f"{prop} of {name} was set to {value}, and is {now!r}")
        self._wanted.setdefault(name, {})[prop] = now

    def supported(self, properties: Mapping[str, str]) -> dict[str, str]:
        """Those that this machine can do."""
        can = self.ask("list properties of", "", lambda: self._conn.Plist()) or ()
        return {prop: value for prop, value in properties.items() if prop in can}

    def command(self, name: str, then: str) -> str:
        """A command that writes its launch's number into a file, and goes on.

        The number lies in a file, too: a dead container's properties cannot be set.
        """
        file = self._file(name)
        for path in (file, file.with_suffix(".launch")):
            path.touch()
            path.chmod(0o666)
        return f"sh -c 'read n < {file}.launch; echo $n >> {file}; {then}'"

    def _file(self, name: str) -> Path:
        return self._directory / name.replace("/", "-")

    def start(self, name: str, *, runs: int = 1) -> bool:
        """Start, and see that the command ran `runs` times: once, and for each respawn.

        Whether it did: a respawn that fails is taken back, which nobody is told but who asks.
        """
        self.launch(name)
        self.ask(
            "start",
            name,
            lambda: self._conn.Start(name),
            done=exceptions.InvalidState,
            again=lambda: self.launch(name),
            lost_too=lambda: self._ask_what_became_of(name),
        )
        return self.ran(name, runs)

    def _ask_what_became_of(self, name: str) -> None:
        """A start that was given up with its master is told in start_error: this is another."""
        if self.point.what == "master" and self.read(name, "start_error"):
            self.refusals.append(f"start {name}: {self.read(name, 'start_error')}")
            self.launch(name)

    def launch(self, name: str) -> None:
        """The next launch has a number of its own."""
        self._launches[name] += 1
        file = self._file(name)
        file.with_suffix(".launch").write_text(f"{self._launches[name]}\n")

    def ran(self, name: str, runs: int = 1) -> bool:
        """The present launch runs so often, and never more; False for a respawn that failed."""
        number = self._launches[name]
        self._runs[name, number] = runs
        least = self._least(runs)

        def given_up() -> bool:
            return runs > 1 and self.is_hurt and bool(self.read(name, "start_error"))

        self.until(
            lambda: self._ran(name)[number] >= least or given_up(),
            f"launch {number} of {name} has run",
        )
        if self._ran(name)[number] >= least:
            return True
        self.refusals.append(f"start {name}: {self.read(name, 'start_error')}")
        self.state(name, "stopped")
        return False

    def _least(self, runs: int) -> int:
        """A respawn that is under way when the master dies counts, whether it ran or not."""
        return runs - 1 if runs > 1 and self.point.what == "master" else runs

    def _ran(self, name: str) -> "Counter[int]":
        file = self._file(name)
        words = file.read_text().split() if file.exists() else []
        return Counter(int(word) if word.isdecimal() else -1 for word in words)

    def wait(self, name: str, status: int, *, deaths: int = 1) -> None:
        """Wait for the death, which is told with its wait status."""
        self.ask("wait for", name, lambda: self._conn.WaitContainers([name], timeout=PATIENCE_S))
        self._deaths[name] += deaths
        self.state(name, "dead")
        # Of a process that ends while its parent, the master, is dead, the kernel tells no status.
        known = (status, int(signal.SIGKILL)) if self.point.what == "master" else (status,)
        if (now := self.read(name, "exit_status")) not in map(str, known):
            self.find(f"{name} ended with {now}, not {status}")

    def stop(self, name: str) -> None:
        """Stop; the children go first."""
        self.ask("stop", name, lambda: self._conn.Stop(name, timeout=PATIENCE_S))
        self.state(name, "stopped")

    def destroy(self, name: str) -> None:
        """Destroy with all below."""
        gone = exceptions.ContainerDoesNotExist
        self.ask("destroy", name, lambda: self._conn.Destroy(name), done=gone, goes_on=True)
        for other in list(self._wanted):
            if other == name or other.startswith(f"{name}/"):
                del self._wanted[other]

    def pause(self, name: str) -> None:
        """Freeze."""
        self.ask("pause", name, lambda: self._conn.Pause(name), done=exceptions.InvalidState)
        self.state(name, "paused")

    def resume(self, name: str) -> None:
        """Thaw."""
        self.ask("resume", name, lambda: self._conn.Resume(name), done=exceptions.InvalidState)

    def kill(self, name: str, signo: int) -> None:
        """Signal the main task; it may have died of the lost request."""
        self.ask("kill", name, lambda: self._conn.Kill(name, signo), done=exceptions.InvalidState)

    def state(self, name: str, state: str) -> None:
        """Wait until it is in this state."""
        self.until(lambda: self.read(name, "state") == state, f"{name} is {state}")

    def drift(self, name: str, controller: str, knob: str, value: str) -> None:
        """Somebody writes a knob; it is put back."""
        path = Path(self.read(name, f"cgroups[{controller}]")) / knob
        before = path.read_text()
        path.write_text(value)
        self.until(lambda: path.read_text() == before, f"{knob} of {name} is put back")

    def move(self, name: str, controller: str) -> None:
        """Somebody moves the main task out of the container; it is brought back."""
        pid = self.read(name, "root_pid")
        membership = Path(f"/proc/{pid}/cgroup")
        home = membership.read_text()
        above = Path(self.read(name, f"cgroups[{controller}]")).parents
        top = next(path for path in above if path.name == self.pair.prefix)
        (top.parent / "cgroup.procs").write_text(pid)
        self.until(lambda: membership.read_text() == home, f"the task of {name} is moved back")

    def lend(self, name: str, then: str) -> porto.Connection:
        """A weak container, made and started through a connection of its own.

        What is refused, or gets no answer, is not asked for again: it goes anyway.
        """
        lent = self.pair.client()
        command = self.command(name, then)
        self.launch(name)
        number = self._launches[name]
        try:
            lent.CreateWeakContainer(name)
            lent.SetProperty(name, "command", command)
            lent.Start(name)
        except SocketTimeout:
            raise Broken(f"start {name}: no answer") from None
        except SocketError as error:
            if not self.is_hurt:
                self.find(f"start {name}: {error} without a fault")
        except PortoException as error:
            self._judge("start", name, error)
        else:
            self.until(lambda: self._ran(name)[number] or self.is_hurt, f"{name} has run")
        return lent

    def fifo(self, name: str) -> str:
        """The path of a pipe; who opens it waits for the other end."""
        path = self._file(name).with_suffix(".fifo")
        os.mkfifo(path)
        return str(path)

    @contextlib.contextmanager
    def starting(self, name: str) -> Iterator[None]:
        """While somebody else waits for a start, which may be taken from him."""
        other = self.pair.client()
        self.launch(name)

        def start() -> None:
            try:
                other.Start(name)
            except SocketError:
                pass  # it may be the one that is lost
            except PortoException as error:
                if not error.text.startswith("cannot ") or name not in error.text:
                    self.find(f"no verb and no subject in the message: {error}")

        asking = threading.Thread(target=start)
        asking.start()
        try:
            self.until(
                lambda: not asking.is_alive() or self.read(name, "state") == "starting",
                f"{name} is starting",
            )
            yield
        finally:
            asking.join(PATIENCE_S)
            other.disconnect()
        if asking.is_alive():
            self.find(f"start {name}: no answer")

    def restart(self) -> None:
        """The daemon dies of something else, unless it is dead of the fault."""
        old = self.pair.daemon
        if old:  # and never our own process group
            with contextlib.suppress(ProcessLookupError):
                os.kill(old, signal.SIGKILL)
        self.until(lambda: self.pair.daemon not in (0, old), "the daemon is dead")
        self.reconnect()

    def document(self, path: Path, text: str) -> None:
        """Drop a document, whole."""
        temporary = path.with_name(f".{path.name}")
        temporary.write_text(text)
        temporary.rename(path)

    def appears(self, name: str, state: str) -> None:
        """A document has come true."""
        self._declared.add(name)
        self._wanted.setdefault(name, {})
        self.until(lambda: name in (self._list() or ()), f"{name} exists")
        self.state(name, state)

    def vanishes(self, name: str) -> None:
        """A document is gone, and so is its container."""
        self.until(lambda: name not in (self._list() or ()), f"{name} is gone")
        self._wanted.pop(name, None)

    def _list(self) -> list[str] | None:
        return self.ask("list", "", lambda: self._conn.List())

    # -- judging ---------------------------------------------------------------------------

    def check(self) -> None:
        """Nothing acknowledged is lost, nothing has run twice, no exit was told twice."""
        for name, properties in self._wanted.items():
            for prop, value in properties.items():
                if (now := self.read(name, prop)) != value:
                    self.find(
                        f"acknowledged write lost: {prop} of {name} is {now!r}, not {value!r}"
                    )
        for name, launches in self._launches.items():
            ran = self._ran(name)
            for number in sorted({*ran, *range(1, launches + 1)}):
                wanted = self._runs.get((name, number), 0)
                # A start that was refused may have run, and was killed.
                most = wanted or int(number <= launches)
                # A file goes on asking for a start that the master did not live to tell of.
                most += name in self._declared and self.point.what == "master"
                if not self._least(wanted) <= ran[number] <= most:
                    self.find(f"launch {number} of {name} ran {ran[number]} times, not {most}")
        events = self._events(self._told)
        for name, deaths in self._deaths.items():
            told = [event for event in events if event.name == name and event.what is What.EXIT]
            if len(told) > deaths + len(self.refusals):
                lived = [f"{e.what} {e.want or e.text}" for e in events if e.name == name]
                self.find(f"{len(told)} exits of {name} were told, not {deaths}: {lived}")

    def _events(self, after: int) -> list[Event]:
        """What has been told; whoever asks for events makes the daemon write them down."""
        self.ask("list events", "", lambda: self._conn.Call("Events", last=1))
        return self.pair.events(after)
