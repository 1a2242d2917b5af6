"""Requests about containers, as methods of `connection.Connection`.

Each method is one request of manual section "API" (or a short sequence, where it says
so); parameters and defaults are the original client's. Timeouts are in seconds unless
the parameter is the old millisecond one of `Wait`.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from porto.client.caller import Caller, names
from porto.client.container import Container
from porto.client.exceptions import PortoException, WaitContainerTimeout
from porto.client.values import from_text, milliseconds, name_of, to_text

if TYPE_CHECKING:
    from porto.client.connection import Connection

_STOP_SECONDS = 30


class ContainerCalls(Caller):
    """Life cycle, waiting and labels; properties are in `property_calls`."""

    def _container(self: Any, name: str) -> Container:
        conn: Connection = self
        return Container(conn, name)

    def List(self, mask: str | None = None) -> list[str]:
        """Names of the visible containers, without the host."""
        return list(self.Call("list", mask=mask).name)

    def ListContainers(self, mask: str | None = None) -> list[Container]:
        """The same as objects."""
        return [self._container(name) for name in self.List(mask)]

    def Find(self, name: str) -> Container:
        """The container; ContainerDoesNotExist when there is none."""
        self.Call("getProperty", name=name, property="state")
        return self._container(name)

    def Create(self, name: str, weak: bool = False) -> Container:
        """A new stopped container; a weak one ends with this connection."""
        self.Call("createWeak" if weak else "create", name=name)
        return self._container(name)

    def CreateWeakContainer(self, name: str) -> Container:
        """`Create` with weak=True."""
        return self.Create(name, weak=True)

    def Run(
        self: Any,
        name: str,
        weak: bool = True,
        start: bool = True,
        wait: float = 0,
        root_volume: dict[str, Any] | None = None,
        private_value: str | None = None,
        **kwargs: object,
    ) -> Container:
        """Create, set properties, start and, for `wait` seconds, wait; undone on failure.

        `root_volume` are the arguments of `CreateVolume` for a volume to be its root.
        """
        container: Container = self.Create(name, weak=True)
        try:
            if private_value is not None:
                container.SetProperty("private", private_value)
            if root_volume is not None:
                volume = self.CreateVolume(containers=name, **root_volume)
                container.SetProperty("root", volume.path)
            container.Set(**kwargs)
            if start:
                container.Start()
            # Weak until here, so that a crash of ours leaves nothing behind.
            if not weak:
                container.SetProperty("weak", False)
            if wait:
                container.WaitContainer(wait)
        except PortoException:
            with suppress(PortoException):
                container.Destroy()
            raise
        return container

    def Destroy(self, container: str | Container) -> None:
        """Stop and remove it with all its children."""
        self.Call("destroy", name=name_of(container))

    def Start(self, name: str, timeout: float | None = None) -> None:
        """Start it, and its stopped parents first."""
        self._call("start", None, {"name": name}, timeout or 0)

    def Stop(self, name: str, timeout: float | None = None) -> None:
        """SIGTERM, and SIGKILL after `timeout` seconds (30 by default, 0 at once)."""
        ms = milliseconds(timeout)
        extra = _STOP_SECONDS if timeout is None or timeout < 0 else timeout
        self._call("stop", None, {"name": name, "timeout_ms": ms}, extra)

    def Kill(self, name: str, sig: int) -> None:
        """Send a signal to the main process."""
        self.Call("kill", name=name, sig=int(sig))

    def Pause(self, name: str) -> None:
        """Freeze it and its children."""
        self.Call("pause", name=name)

    def Resume(self, name: str) -> None:
        """Thaw it and its children."""
        self.Call("resume", name=name)

    def GetContainersSpecs(self, names: Iterable[str]) -> list[Any]:
        """TContainer messages, with an error in those that do not exist."""
        filters = [{"name": str(name)} for name in names]
        return list(self.Call("ListContainersBy", filters=filters).containers)

    def SetSpec(self, spec: Any) -> None:
        """Apply the properties present in a TContainerSpec message, all or none."""
        self.Call("UpdateFromSpec", container=spec)

    def CreateSpec(self, container: Any, volume: Any = None, start: bool = False) -> Container:
        """Create from a TContainerSpec, with a volume of a TVolumeSpec (or a list)."""
        volumes = volume if isinstance(volume, list | tuple) or volume is None else [volume]
        self.Call("CreateFromSpec", container=container, volumes=volumes, start=start)
        return self._container(container["name"] if isinstance(container, dict) else container.name)

    # -- waiting ------------------------------------------------------------------

    def _wait(self, containers: Any, timeout: float | None, labels: Any) -> Any:
        fields = {
            "name": names(containers),
            "timeout_ms": milliseconds(timeout),
            "label": None if labels is None else names(labels),
        }
        forever = timeout is None or timeout < 0

        def shorten(command: Any, spent: float) -> None:
            if not forever:
                command.timeout_ms = milliseconds(max(0.0, (timeout or 0) - spent)) or 0

        return self._call("wait", None, fields, None if forever else timeout, refresh=shorten)

    def WaitContainers(
        self,
        containers: Iterable[Any] | str,
        timeout: float | None = None,
        labels: Iterable[str] | None = None,
    ) -> str:
        """The name of the first that is ready; WaitContainerTimeout when none was."""
        answer = self._wait(containers, timeout, labels)
        if not answer.name:
            subject = ", ".join(names(containers))
            raise WaitContainerTimeout(f"cannot wait for {subject}: not ready in {timeout} s")
        return str(answer.name)

    def Wait(
        self,
        containers: Iterable[Any] | str,
        timeout: float | None = None,
        timeout_s: float | None = None,
        labels: Iterable[str] | None = None,
    ) -> str:
        """The old form: `timeout` is in milliseconds and "" is returned when it is over."""
        seconds = timeout_s if timeout_s is not None else timeout and timeout / 1000
        if timeout == 0 and timeout_s is None:
            seconds = 0
        return str(self._wait(containers, seconds, labels).name)

    def AsyncWait(
        self,
        containers: Iterable[Any] | str,
        callback: Callable[..., object],
        timeout: float | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Have ``callback(name=, state=, when=[, label=, value=])`` called on every change.

        Events are taken in while another call of this connection waits for its answer,
        and handed over before that call returns. One registration a connection: a new
        one replaces the old; it is renewed after a reconnect.
        """
        fields = {
            "name": names(containers),
            "timeout_ms": milliseconds(timeout),
            "label": None if labels is None else names(labels),
        }
        self._call("AsyncWait", None, fields, register=callback)

    def WaitLabels(
        self,
        containers: Iterable[Any] | str,
        labels: Iterable[str],
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """The first container ready that has such a label, and which label it was."""
        answer = self._wait(containers, timeout, labels)
        if not answer.name:
            subject = ", ".join(names(containers))
            raise WaitContainerTimeout(f"cannot wait for {subject}: not ready in {timeout} s")
        return {field.name: value for field, value in answer.ListFields()}

    # -- labels -------------------------------------------------------------------

    def FindLabel(
        self,
        label: str,
        mask: str | None = None,
        state: str | None = None,
        value: str | None = None,
    ) -> list[dict[str, str]]:
        """Containers with such a label, as dicts of name, state, label and value."""
        answer = self.Call("FindLabel", label=label, mask=mask, state=state, value=value)
        return [
            {"name": row.name, "state": row.state, "label": row.label, "value": row.value}
            for row in answer.list
        ]

    def GetLabel(self, container: str, label: str) -> Any:
        """The value of a label."""
        answer = self.Call("getProperty", name=name_of(container), property=label)
        return from_text(answer.value)

    def SetLabel(
        self,
        container: str,
        label: str,
        value: object,
        prev_value: str | None = None,
        state: str | None = None,
    ) -> None:
        """Set a label, "" removes it; refused if it was not `prev_value`, or in another state."""
        self.Call(
            "SetLabel",
            name=name_of(container),
            label=label,
            value=to_text(value),
            prev_value=prev_value,
            state=state,
        )

    def IncLabel(self, container: str, label: str, add: int = 1) -> int:
        """Add to a label that is a number; its new value."""
        return int(self.Call("IncLabel", name=name_of(container), label=label, add=add).result)

    # -- processes ----------------------------------------------------------------

    def AttachProcess(self, name: str, pid: int, comm: str = "") -> None:
        """Move a process into the container; `comm`, if given, must be its name."""
        self.Call("attachProcess", name=name, pid=pid, comm=comm)

    def AttachThread(self, name: str, pid: int, comm: str = "") -> None:
        """Move one thread into the container."""
        self.Call("AttachThread", name=name, pid=pid, comm=comm)

    def LocateProcess(self, pid: int, comm: str = "") -> Container:
        """The container that a process is in."""
        return self._container(self.Call("locateProcess", pid=pid, comm=comm).name)

    def ConvertPath(self, path: str, source: str, destination: str) -> str:
        """A path in the root of `source` as seen from the root of `destination`."""
        answer = self.Call("convertPath", path=path, source=source, destination=destination)
        return str(answer.path)

    def SetSymlink(self, name: str, symlink: str, target: str | None) -> None:
        """Make, replace or (empty target) remove a symlink in the container."""
        self.Call("SetSymlink", container=name, symlink=symlink, target=target)
