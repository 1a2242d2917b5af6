"""Requests about containers, as methods of `Connection` (`connection.py`).

Each method is one request of manual section "API" (or a short sequence, where it says
so); parameters and defaults are the original client's. Timeouts are in seconds unless
the parameter is the old millisecond one of `Wait`.
"""

# ruff: noqa: N802 - names are those of the original client.

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from porto.client.calls import Calls, names
from porto.client.exceptions import WaitContainerTimeout
from porto.client.values import from_text, milliseconds, name_of, to_text

_STOP_SECONDS = 30


class ContainerCalls(Calls):
    """Life cycle, waiting and labels; properties are in `property_calls.py`."""

    def List(self, mask: str | None = None) -> list[str]:
        """Names of the visible containers, without the host."""
        return list(self.Call("list", mask=mask).name)

    def Destroy(self, container: Any) -> None:
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

    def ConvertPath(self, path: str, source: str, destination: str) -> str:
        """A path in the root of `source` as seen from the root of `destination`."""
        answer = self.Call("convertPath", path=path, source=source, destination=destination)
        return str(answer.path)

    def SetSymlink(self, name: str, symlink: str, target: str | None) -> None:
        """Make, replace or (empty target) remove a symlink in the container."""
        self.Call("SetSymlink", container=name, symlink=symlink, target=target)
