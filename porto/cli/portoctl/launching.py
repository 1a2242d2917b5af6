"""portoctl run, exec, shell: create, set, start, and follow to the end.

Called by `main`. The container is created weak, so that whatever ends portoctl leaves
nothing behind; `run` and ``exec -C`` clear that once it has started::

    create --> volume --> properties --> start --> (streams) --> wait --> exit status
       +---------+-----------+----------- any failure: all of it is removed again
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from porto.cli.portoctl.main import complain
from porto.client.exceptions import (
    InvalidState,
    PortoException,
    SocketError,
    SocketTimeout,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.terminal import Terminal
    from porto.cli.portoctl.usage import Options

_DEFAULT_COMMAND = "/bin/bash"
_OOM_STATUS = 137
_NAME_LIMIT = 128
_BOTH: tuple[str, ...] = ("place", "private")
"""Properties of the container and of the volume made for it."""
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_STREAMS = ("stdin_path", "stdout_path", "stderr_path")


class Draft:
    """A container being launched: what to set, and what to take back on failure."""

    def __init__(self, remote: Remote, name: str) -> None:
        self.remote = remote
        self.name = name
        self.properties: dict[str, str] = {}
        self.env: list[str] = []
        self.virt_mode = ""
        self.volume: dict[str, str] = {}
        self.layers: list[str] = []

    def take(self, words: list[str]) -> None:
        """Sort PROP=VALUE words; raises ValueError for a word that is none."""
        for word in words:
            key, equals, value = word.partition("=")
            if not equals or not key:
                raise ValueError(f"Cannot set property: {word!r} is not PROP=VALUE")
            if key == "env":
                self.env.append(value)
            elif key == "virt_mode":
                self.virt_mode = value
            elif key == "layers":
                self.layers = [layer for layer in value.split(";") if layer]
            elif key in ("space_limit", "backend", "storage"):
                self.volume[key] = value
            else:
                self.properties[key] = value

    def start(self, *, keep: bool) -> bool:
        """Create and start it; False, with the reason told, when that failed."""
        created = False
        try:
            self.remote.call("createWeak", name=self.name)
            created = True
            self._set_all()
            self.remote.call("start", name=self.name)
            if keep:
                self.remote.set(self.name, "weak", "false")
        except BaseException as error:
            if created:
                self.destroy()
            if not isinstance(error, PortoException):
                raise
            complain(f"Cannot start container: {error}")
            return False
        return True

    def destroy(self) -> None:
        """Remove it, as far as it is still there."""
        # When this fails it is gone, or the closing connection takes it.
        with suppress(PortoException):
            self.remote.call("destroy", name=self.name)

    def _set_all(self) -> None:
        if self.layers or self.volume:
            from porto.cli.portoctl.root_volume import create_root

            both = {key: self.properties[key] for key in _BOTH if key in self.properties}
            path = create_root(self.remote, self.name, self.layers, self.volume | both)
            self.properties = {"root": path, "cwd": "/", **self.properties}
        for key in sorted(self.properties):
            self.remote.set(self.name, key, self.properties[key])
        if self.env:
            self.remote.set(self.name, "env", ";".join(self.env))
        if self.virt_mode:
            self.remote.set(self.name, "virt_mode", self.virt_mode)


def run(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Start a container in the background."""
    draft = Draft(remote, arguments[0])
    draft.layers = options.get("L", [])
    try:
        draft.take(arguments[1:])
    except ValueError as error:
        complain(str(error))
        return 1
    if not draft.start(keep=True):
        return 1
    if "W" in options:
        remote.wait([draft.name])
    return 0


def exec_(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Run a container in the foreground, with our streams and its exit code."""
    draft = Draft(remote, arguments[0])
    draft.layers = options.get("L", [])
    draft.properties["command"] = _DEFAULT_COMMAND
    try:
        draft.take(arguments[1:])
    except ValueError as error:
        complain(str(error))
        return 1
    if not draft.properties["command"].strip() and "command_argv" not in draft.properties:
        complain("Cannot execute container: no command")
        return 1
    if "command_argv" in draft.properties:
        draft.properties.pop("command")
    return _foreground(draft, keep="C" in options, plain="T" in options)


def shell(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Run a shell or a command beside the tasks of a container."""
    parent, *words = arguments
    who = os.environ.get("SUDO_USER") or os.environ.get("USER") or "unknown"
    name = f"shell-{who}-{os.getpid()}"
    if len(name) > _NAME_LIMIT or not all(c.isalnum() or c in "_-@:." for c in who):
        name = f"shell-{os.getpid()}"
    draft = Draft(remote, f"{parent}/{name}" if parent != "/" else name)
    draft.properties = {"command": " ".join(words) or _DEFAULT_COMMAND, "isolate": "false"}
    draft.env.append(f"debian_chroot={_shortened(parent)}")
    user = options.get("u", [""])[-1]
    group = options.get("g", [""])[-1]
    if user and user != "root":
        draft.properties["user"] = user
        group = group or _primary_group(user)
    elif user == "root":
        draft.virt_mode = "os"
        draft.properties["net"] = "inherited"
    if group:
        draft.properties["group"] = group
    return _foreground(draft, keep=False, plain=False)


def _shortened(name: str) -> str:
    return name if len(name) <= 50 else f"{name[:23]}...{name[-24:]}"


def _primary_group(user: str) -> str:
    import grp
    import pwd

    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return ""


def _foreground(draft: Draft, *, keep: bool, plain: bool) -> int:
    terminal: Terminal | None = None
    if not plain and os.isatty(0):
        from porto.cli.portoctl.terminal import Terminal

        terminal = Terminal()
        draft.env.insert(0, f"TERM={os.environ.get('TERM') or 'xterm'}")
    for fd, stream in enumerate(_STREAMS):
        path = f"/dev/fd/{fd if terminal is None else terminal.slave}"
        draft.properties.setdefault(stream, path)
    try:
        if not draft.start(keep=keep):
            return 1
        try:
            return _follow(draft, terminal)
        finally:
            if not keep:
                draft.destroy()
    finally:
        if terminal is not None:
            terminal.close()


def _follow(draft: Draft, terminal: Terminal | None) -> int:
    """Wait for the end, signals and keys going to the container meanwhile."""
    former = _forward_signals(draft)
    try:
        if terminal is None:
            draft.remote.wait([draft.name])
        else:
            # Output is copied while the wait is under way on the same connection.
            draft.remote.send("wait", name=[draft.name])
            with terminal:
                ended = terminal.forward(draft.remote.fileno())
            if not ended:
                draft.remote.close()
                return 0
            draft.remote.receive()
        return _exit_status(draft)
    except PortoException as error:
        complain(f"Cannot wait for container: {error}")
        return 1
    finally:
        for signo, handler in former.items():
            signal.signal(signo, handler)


def _forward_signals(draft: Draft) -> dict[int, Any]:
    """Send our signals to the container from now on; returns the former handlers."""

    def forward(signo: int, frame: object) -> None:
        # The first connection is busy with the wait, so the signal takes its own.
        with draft.remote.again() as remote:
            try:
                remote.call("kill", name=draft.name, sig=signo)
            except InvalidState:
                pass  # it has just ended: the wait is about to tell
            except (SocketError, SocketTimeout) as error:
                # Nobody can pass it on, so it is meant for us after all.
                raise KeyboardInterrupt from error
            except PortoException as error:
                complain(f"Cannot forward signal {signo}: {error}")

    return {int(signo): signal.signal(signo, forward) for signo in _FORWARDED}


def _exit_status(draft: Draft) -> int:
    answer = draft.remote.call(
        "get", name=[draft.name], variable=["exit_status", "oom_killed", "core_dumped"]
    )["get"]["list"][0]["keyval"]
    failed = answer[0].get("error", 0)
    if failed:
        raise PortoException.Create(failed, answer[0].get("errorMsg", ""))
    values = {pair["variable"]: pair.get("value", "") for pair in answer}
    sys.stdout.flush()
    if values["oom_killed"] == "true":
        complain("Container killed by OOM")
        return _OOM_STATUS
    status = int(values["exit_status"])
    number = status & 0x7F
    if number:
        from porto.cli.portoctl.format import signal_text

        complain(f"Container killed by signal: {number} ({signal_text(number)})")
        return 128 + number
    code = status >> 8 & 0xFF
    if code:
        complain(f"Container exit code: {code}")
    return code
