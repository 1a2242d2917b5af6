"""A daemon that speaks the protocol and starts nothing.

For tests of the clients: containers are dicts, a started container of command ``sleep``
runs until it is stopped or killed, ``exit N`` is dead at once, anything else is dead with
0. `answers` are given to Plan, Diff, Explain and Events one after the other, names in
`unknown` are unknown to Explain. `faults` breaks connections in chosen places, `requests` is
what arrived in order.

One thread serves all connections, so that what a test asked for has happened when its
call returns, and a hang-up is noticed even while a wait of that client is under way.
"""

# ruff: noqa: N802, N815 - methods are named after the requests of rpc.proto.

import asyncio
import fnmatch
import os
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from porto.wire import rpc_pb2

PATIENCE_S = 20
"""How long a test waits for what must come."""

PROPERTIES = {
    "command": "command line",
    "cwd": "working directory",
    "env": "environment",
    "isolate": "own namespaces",
    "memory_limit": "bytes",
    "private": "text",
    "respawn": "start again",
    "root": "root directory",
    "stdin_path": "stdin",
    "stdout_path": "stdout",
    "stderr_path": "stderr",
    "virt_mode": "app or os",
    "weak": "dies with its client",
}
DATA = {
    "absolute_name": "full name",
    "state": "state",
    "exit_status": "wait status",
    "oom_killed": "whether",
    "core_dumped": "whether",
    "start_error": "why",
    "time": "seconds",
    "memory_usage": "bytes",
    "porto_origins": "who set what",
}
DEFAULTS = {"isolate": "true", "respawn": "false", "weak": "false", "oom_killed": "false"}
ENDED = ("stopped", "dead")


class Failure(Exception):
    """An error answer."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(text)
        self.code = rpc_pb2.EError.Value(name)


class Client:
    """One connection; used in the daemon's thread only."""

    def __init__(self, daemon: "FakePortod", sock: socket.socket) -> None:
        self.daemon = daemon
        self.sock = sock
        self.buffer = b""
        self.weak: list[str] = []
        self.watch: Any = None
        self.waiting: Any = None
        self.timer: asyncio.TimerHandle | None = None

    def on_readable(self) -> None:
        """Something came, perhaps the end."""
        faults = self.daemon.faults
        try:
            if faults[:1] == ["unread"] and self.sock.recv(1, socket.MSG_PEEK):
                faults.pop(0)
                self.daemon.hang_up(self)
                return
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.daemon.hang_up(self)
            return
        self.buffer += data
        self.go_on()

    def go_on(self) -> None:
        """Serve what has arrived, as far as no wait is under way."""
        while self.waiting is None and (request := self._take()) is not None:
            fault = self.daemon.faults[0] if self.daemon.faults else ""
            if fault in ("lost", "done-lost"):
                self.daemon.faults.pop(0)
            answer = None if fault == "lost" else self.daemon.handle(self, request)
            if fault in ("lost", "done-lost"):
                self.daemon.hang_up(self)
                return
            if answer is not None and fault != "silent":
                self.send(answer)

    def send(self, message: Any) -> None:
        """Send a message; a client that does not take it is gone."""
        payload = message.SerializeToString()
        head = bytearray()
        count = len(payload)
        while count > 0x7F:
            head.append(count & 0x7F | 0x80)
            count >>= 7
        head.append(count)
        try:
            self.sock.sendall(bytes(head) + payload)
        except OSError:
            self.daemon.hang_up(self)

    def _take(self) -> Any:
        count = shift = 0
        for at, byte in enumerate(self.buffer, 1):
            count |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if len(self.buffer) < at + count:
                    return None
                payload, self.buffer = self.buffer[at : at + count], self.buffer[at + count :]
                return rpc_pb2.TContainerRequest.FromString(payload)
        return None


class FakePortod:
    """The daemon; a context manager that listens while it is open."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "portod.socket")
        self.containers: dict[str, dict[str, str]] = {"/": {"state": "meta"}}
        self.requests: list[tuple[str, Any]] = []
        self.faults: list[str] = []
        self.refusals: dict[str, tuple[str, str]] = {}
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.unknown: set[str] = set()
        self.on_start: Callable[[dict[str, str]], None] = lambda values: None
        self.changed = threading.Condition()
        self._clients: list[Client] = []
        self._listener: socket.socket | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._errors: list[dict[str, Any]] = []
        self._loop.set_exception_handler(lambda loop, context: self._errors.append(context))

    def __enter__(self) -> "FakePortod":
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        assert not self._errors

    def listen(self) -> None:
        """Start to answer."""
        self._do(self._listen)

    def stop(self) -> None:
        """Vanish: close the socket and every connection."""
        self._do(self._stop)

    def end(self, name: str, status: int = 0) -> None:
        """Let a container die with a wait(2) status."""
        self._do(lambda: self._set_state(name, "dead", exit_status=str(status)))

    def names(self) -> list[str]:
        """Methods that arrived, in order."""
        return [name for name, _ in self.requests]

    def await_request(self, name: str) -> Any:
        """Wait until such a request arrived and was dealt with; its fields."""
        with self.changed:
            found = self.changed.wait_for(lambda: name in self.names(), PATIENCE_S)
            assert found, f"no {name} came"
            return next(fields for found, fields in self.requests if found == name)

    # -- connections --------------------------------------------------------------

    def _do(self, function: Callable[[], None]) -> None:
        """Call in the daemon's thread; returns when that is done."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                with self.changed:
                    function()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result(PATIENCE_S)

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(self.socket)
        listener.listen(64)
        self._listener = listener
        self._loop.add_reader(listener, self._accept)

    def _stop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        os.unlink(self.socket)
        self._loop.remove_reader(listener)
        listener.close()
        for client in list(self._clients):
            self.hang_up(client)

    def _accept(self) -> None:
        if self._listener is None:
            return
        with suppress(BlockingIOError):
            sock, _ = self._listener.accept()
            sock.setblocking(False)
            client = Client(self, sock)
            self._clients.append(client)
            self._loop.add_reader(sock, client.on_readable)

    def hang_up(self, client: Client) -> None:
        """Close a connection, with all that hangs on it."""
        if client not in self._clients:
            return
        with self.changed:
            self._clients.remove(client)
            client.waiting = None
            client.buffer = b""
            if client.timer is not None:
                client.timer.cancel()
            self._loop.remove_reader(client.sock)
            client.sock.close()
            for name in client.weak:
                if self.containers.get(name, {}).get("weak") == "true":
                    del self.containers[name]
            self.changed.notify_all()

    # -- requests -----------------------------------------------------------------

    def handle(self, client: Client, request: Any) -> Any:
        """The answer; None for a wait, which is answered when its time comes."""
        answer = rpc_pb2.TContainerResponse(error=0, errorMsg="")
        (field, fields), *_ = request.ListFields()
        with self.changed:
            self.requests.append((field.name, fields))
            try:
                if field.name in self.refusals:
                    raise Failure(*self.refusals[field.name])
                method = getattr(self, f"do_{field.name}", None)
                if method is None:
                    raise Failure("InvalidMethod", f"unknown {field.name}")
                method(client, fields, answer)
            except Failure as failure:
                answer.error = failure.code
                answer.errorMsg = str(failure)
            self.changed.notify_all()
            if client.waiting is not None:
                self._try_wait(client)
                return None
        return answer

    def _find(self, name: str) -> dict[str, str]:
        name = name.removeprefix("/porto/")
        if name not in self.containers:
            raise Failure("ContainerDoesNotExist", f"no container {name}")
        return self.containers[name]

    def _set_state(self, name: str, state: str, **values: str) -> None:
        container = self.containers[name]
        container.update(values, state=state)
        self._event(name, state)
        for client in list(self._clients):
            if client.waiting is not None:
                self._try_wait(client)
        self.changed.notify_all()

    def _event(self, name: str, state: str) -> None:
        for client in list(self._clients):
            if client.watch is not None and _matches(name, client.watch.name):
                event = rpc_pb2.TContainerResponse(error=0, errorMsg="")
                event.AsyncWait.name = name
                event.AsyncWait.state = state
                event.AsyncWait.when = 1000
                client.send(event)

    def _try_wait(self, client: Client) -> None:
        """Answer a wait if a container is ready for it."""
        for name, values in sorted(self.containers.items()):
            if name != "/" and values["state"] in ENDED and _matches(name, client.waiting.name):
                self._end_wait(client, name, values["state"])
                return

    def _end_wait(self, client: Client, name: str, state: str) -> None:
        client.waiting = None
        if client.timer is not None:
            client.timer.cancel()
            client.timer = None
        answer = rpc_pb2.TContainerResponse(error=0, errorMsg="")
        answer.wait.name = name
        answer.wait.state = state
        client.send(answer)
        self._loop.call_soon(client.go_on)

    def _next_answer(self, client: Client, fields: Any, answer: Any) -> None:
        name = self.requests[-1][0]
        if name == "Explain" and fields.name in self.unknown:
            raise Failure("ContainerDoesNotExist", f"no container {fields.name}")
        answers = self.answers.get(name)
        fields = answers.pop(0) if answers else {}
        message = getattr(answer, name)
        message.SetInParent()
        message.MergeFrom(type(message)(**fields))

    do_Plan = do_Diff = do_Explain = do_Events = _next_answer

    def do_version(self, client: Client, fields: Any, answer: Any) -> None:
        answer.version.tag = "1.2.3"
        answer.version.revision = "fake"

    def do_create(self, client: Client, fields: Any, answer: Any) -> None:
        if fields.name in self.containers:
            raise Failure("ContainerAlreadyExists", f"{fields.name} exists")
        self.containers[fields.name] = {"state": "stopped"}
        self._event(fields.name, "stopped")

    def do_createWeak(self, client: Client, fields: Any, answer: Any) -> None:
        self.do_create(client, fields, answer)
        self.containers[fields.name]["weak"] = "true"
        client.weak.append(fields.name)

    def do_destroy(self, client: Client, fields: Any, answer: Any) -> None:
        self._find(fields.name)
        del self.containers[fields.name]
        self._event(fields.name, "destroyed")

    def do_list(self, client: Client, fields: Any, answer: Any) -> None:
        mask = fields.mask or "***"
        found = (name for name in self.containers if name != "/" and _matches(name, [mask]))
        answer.list.name.extend(sorted(found))

    def do_start(self, client: Client, fields: Any, answer: Any) -> None:
        values = self._find(fields.name)
        if values["state"] != "stopped":
            raise Failure("InvalidState", f"cannot start {fields.name}: it is {values['state']}")
        words = values.get("command", "").split()
        if words[:1] == ["fail"]:
            raise Failure("InvalidCommand", "cannot execute fail")
        self._set_state(fields.name, "running" if words else "meta")
        self.on_start(values)
        if words[:1] == ["exit"]:
            self._set_state(fields.name, "dead", exit_status=str(int(words[1]) << 8))
        elif words and words[0] != "sleep":
            self._set_state(fields.name, "dead", exit_status="0")

    def do_stop(self, client: Client, fields: Any, answer: Any) -> None:
        self._find(fields.name)
        self._set_state(fields.name, "stopped")

    def do_kill(self, client: Client, fields: Any, answer: Any) -> None:
        if self._find(fields.name)["state"] != "running":
            raise Failure("InvalidState", "not running")
        self._set_state(fields.name, "dead", exit_status=str(fields.sig))

    def do_pause(self, client: Client, fields: Any, answer: Any) -> None:
        self._find(fields.name)
        self._set_state(fields.name, "paused")

    def do_resume(self, client: Client, fields: Any, answer: Any) -> None:
        self._find(fields.name)
        self._set_state(fields.name, "running")

    def do_Respawn(self, client: Client, fields: Any, answer: Any) -> None:
        self._find(fields.name)
        self._set_state(fields.name, "running")

    def _value(self, name: str, prop: str, *, real: bool = False) -> str:
        values = self._find(name)
        if prop not in PROPERTIES and prop not in DATA and prop not in values:
            raise Failure("InvalidProperty", f"no property {prop}")
        if prop == "absolute_name":
            return name if name == "/" else f"/porto/{name}"
        if real and prop not in values:
            raise Failure("NoValue", f"{prop} is not set")
        return values.get(prop, DEFAULTS.get(prop, ""))

    def do_getProperty(self, client: Client, fields: Any, answer: Any) -> None:
        answer.getProperty.value = self._value(fields.name, fields.property, real=fields.real)

    def do_getData(self, client: Client, fields: Any, answer: Any) -> None:
        answer.getData.value = self._value(fields.name, fields.data, real=fields.real)

    def do_setProperty(self, client: Client, fields: Any, answer: Any) -> None:
        values = self._find(fields.name)
        if fields.property not in PROPERTIES:
            raise Failure("InvalidProperty", f"no property {fields.property}")
        values[fields.property] = fields.value.strip()

    def do_get(self, client: Client, fields: Any, answer: Any) -> None:
        answer.get.SetInParent()
        names = [
            found
            for name in fields.name
            for found in (self._visible(name) if "*" in name else [name])
        ]
        for name in names:
            row = answer.get.list.add(name=name)
            for variable in fields.variable:
                pair = row.keyval.add(variable=variable)
                try:
                    pair.value = self._value(name, variable, real=fields.real)
                except Failure as failure:
                    pair.error = failure.code
                    pair.errorMsg = str(failure)

    def _visible(self, mask: str) -> list[str]:
        return [name for name in sorted(self.containers) if name != "/" and _matches(name, [mask])]

    def do_propertyList(self, client: Client, fields: Any, answer: Any) -> None:
        for name, desc in PROPERTIES.items():
            answer.propertyList.list.add(name=name, desc=desc)
        for name, desc in DATA.items():
            answer.propertyList.list.add(name=name, desc=f"{desc} (ro)", read_only=True)

    def do_dataList(self, client: Client, fields: Any, answer: Any) -> None:
        for name, desc in DATA.items():
            answer.dataList.list.add(name=name, desc=desc)

    def do_wait(self, client: Client, fields: Any, answer: Any) -> None:
        for name in fields.name:
            if "*" not in name:
                self._find(name)
        client.waiting = fields
        if fields.HasField("timeout_ms"):
            client.timer = self._loop.call_later(
                fields.timeout_ms / 1000, self._end_wait, client, "", "timeout"
            )

    def do_AsyncWait(self, client: Client, fields: Any, answer: Any) -> None:
        client.watch = fields
        for name, values in sorted(self.containers.items()):
            if name != "/" and _matches(name, fields.name):
                event = rpc_pb2.TContainerResponse(error=0, errorMsg="")
                event.AsyncWait.name = name
                event.AsyncWait.state = values["state"]
                event.AsyncWait.when = 1000
                client.send(event)

    def do_locateProcess(self, client: Client, fields: Any, answer: Any) -> None:
        answer.locateProcess.name = f"pid-{fields.pid}-{fields.comm}"

    def do_convertPath(self, client: Client, fields: Any, answer: Any) -> None:
        answer.convertPath.path = f"{fields.source}:{fields.destination}:{fields.path}"

    def do_SetLabel(self, client: Client, fields: Any, answer: Any) -> None:
        self._find(fields.name)[fields.label] = fields.value
        answer.SetLabel.state = "stopped"

    def do_IncLabel(self, client: Client, fields: Any, answer: Any) -> None:
        values = self._find(fields.name)
        values[fields.label] = str(int(values.get(fields.label, "0")) + fields.add)
        answer.IncLabel.result = int(values[fields.label])

    def do_FindLabel(self, client: Client, fields: Any, answer: Any) -> None:
        answer.FindLabel.SetInParent()
        for name, values in sorted(self.containers.items()):
            if fields.label in values and fields.value in ("", values[fields.label]):
                answer.FindLabel.list.add(
                    name=name,
                    state=values["state"],
                    label=fields.label,
                    value=values[fields.label],
                )

    def do_createVolume(self, client: Client, fields: Any, answer: Any) -> None:
        answer.volumeDescription.path = fields.path or "/place/porto_volumes/1/volume"

    def do_linkVolume(self, client: Client, fields: Any, answer: Any) -> None:
        pass

    do_unlinkVolume = do_linkVolume
    do_importLayer = do_linkVolume

    def do_listLayers(self, client: Client, fields: Any, answer: Any) -> None:
        answer.layers.layer.append("base")


def _matches(name: str, masks: Iterable[str]) -> bool:
    return any(mask == "***" or fnmatch.fnmatchcase(name, mask) for mask in masks)
