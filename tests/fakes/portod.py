"""A daemon that speaks the protocol and starts nothing.

For tests of the clients: containers are dicts, a started container of command ``sleep``
runs until it is stopped or killed, ``exit N`` is dead at once, anything else is dead with
0. `faults` breaks connections in chosen places, `requests` is what arrived in order.
"""

# ruff: noqa: N802, N815 - methods are named after the requests of rpc.proto.

import fnmatch
import os
import select
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from porto.api.proto import rpc_pb2

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
    """One connection, served by a thread of its own."""

    def __init__(self, daemon: "FakePortod", sock: socket.socket) -> None:
        self.daemon = daemon
        self.sock = sock
        self.buffer = b""
        self.weak: list[str] = []
        self.watch: Any = None

    def watch_hangup(self) -> None:
        """Notice that the client is gone even while a wait of its is under way."""
        poll = select.poll()
        descriptor = os.dup(self.sock.fileno())
        poll.register(descriptor, select.POLLRDHUP)
        poll.poll()
        os.close(descriptor)
        self.daemon.forget(self)

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                fault = self.daemon.faults[0] if self.daemon.faults else ""
                if fault == "unread":
                    self.sock.recv(1, socket.MSG_PEEK)
                    self.daemon.faults.pop(0)
                    break
                request = self._receive()
                if request is None:
                    break
                if self.daemon.faults and self.daemon.faults[0] == "lost":
                    self.daemon.faults.pop(0)
                    break
                answer = self.daemon.handle(self, request)
                if self.daemon.faults and self.daemon.faults[0] == "done-lost":
                    self.daemon.faults.pop(0)
                    break
                if self.daemon.faults and self.daemon.faults[0] == "silent":
                    continue
                self.send(answer)
        self.daemon.forget(self)
        # The watcher looks at a copy of the descriptor, so closing is not enough. Only
        # the last close ends the connection: it tells the client what was left unread.
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RD)
        self.sock.close()

    def send(self, message: Any) -> None:
        payload = message.SerializeToString()
        head = bytearray()
        count = len(payload)
        while count > 0x7F:
            head.append(count & 0x7F | 0x80)
            count >>= 7
        head.append(count)
        self.sock.sendall(bytes(head) + payload)

    def _receive(self) -> Any:
        while True:
            message = self._take()
            if message is not None:
                return message
            data = self.sock.recv(65536)
            if not data:
                return None
            self.buffer += data

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
        self.on_start: Callable[[dict[str, str]], None] = lambda values: None
        self.connects = 0
        self.changed = threading.Condition()
        self._clients: list[Client] = []
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "FakePortod":
        self.listen()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(10)

    def listen(self) -> None:
        """Start to answer."""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.socket)
        self._listener.listen(64)
        self._spawn(self._accept, self._listener)

    def stop(self) -> None:
        """Vanish: close the socket and every connection."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        os.unlink(self.socket)
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with self.changed:
            clients = list(self._clients)
            self.changed.notify_all()
        for client in clients:
            with suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                client = Client(self, sock)
                with self.changed:
                    self.connects += 1
                    self._clients.append(client)
                self._spawn(client.watch_hangup)
                self._spawn(client.serve)

    def forget(self, client: Client) -> None:
        with self.changed:
            if client not in self._clients:
                return
            self._clients.remove(client)
            for name in client.weak:
                if self.containers.get(name, {}).get("weak") == "true":
                    del self.containers[name]
            self.changed.notify_all()

    def names(self) -> list[str]:
        """Methods that arrived, in order."""
        return [name for name, _ in self.requests]

    def await_request(self, name: str) -> Any:
        """Wait until such a request arrived; its fields."""
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.names(), 10), f"no {name} came"
            return next(fields for found, fields in self.requests if found == name)

    def end(self, name: str, status: int = 0) -> None:
        """Let a container die with a wait(2) status."""
        with self.changed:
            self._set_state(name, "dead", exit_status=str(status))

    # -- requests -----------------------------------------------------------------

    def handle(self, client: Client, request: Any) -> Any:
        answer = rpc_pb2.TContainerResponse(error=0, errorMsg="")
        (field, fields), *_ = request.ListFields()
        with self.changed:
            self.requests.append((field.name, fields))
            self.changed.notify_all()
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
        self.changed.notify_all()

    def _event(self, name: str, state: str) -> None:
        for client in self._clients:
            if client.watch is not None and _matches(name, client.watch.name):
                event = rpc_pb2.TContainerResponse(error=0, errorMsg="")
                event.AsyncWait.name = name
                event.AsyncWait.state = state
                event.AsyncWait.when = 1000
                client.send(event)

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

        def ready() -> str:
            for name, values in sorted(self.containers.items()):
                if name != "/" and values["state"] in ENDED and _matches(name, fields.name):
                    return name
            return ""

        timeout = fields.timeout_ms / 1000 if fields.HasField("timeout_ms") else 30
        self.changed.wait_for(lambda: ready() or client not in self._clients, timeout)
        answer.wait.name = ready()
        answer.wait.state = "" if answer.wait.name else "timeout"

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
