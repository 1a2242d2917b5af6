"""Exits of main tasks: who still lives, who ended how.

Fed by the launcher's exit stream, and by pidfds for processes that an earlier
launcher left behind (their status is known only where the kernel tells it).
Asked by `reconcilers/containers/reconciler.py`; each exit is kept until the record that holds
it is durable.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Protocol

from porto.kernel.ports import Processes
from porto.launcher.ops import Exited
from porto.spec.containers.status import Process


class Acknowledger(Protocol):
    """The part of `launcher/client.py` that ends the life of an exit."""

    def acknowledge(self, launch_id: str) -> None:
        """The exit is recorded durably; the launcher may forget it."""


class Exits:
    """What is known about launches, by launch id."""

    def __init__(self, on_exit: Callable[[str], None], processes: Processes) -> None:
        """`on_exit` gets the launch id of each exit, once."""
        self._processes = processes
        self._on_exit = on_exit
        self._launcher: Acknowledger | None = None
        self._tracked: set[str] = set()
        self._exited: dict[str, Exited] = {}
        self._foreign: dict[str, int] = {}

    def __len__(self) -> int:
        """Exits that are not recorded yet."""
        return len(self._exited)

    def attach(self, launcher: Acknowledger) -> None:
        """Name the launcher that is to be told of recorded exits."""
        self._launcher = launcher

    def track(self, launch_id: str) -> None:
        """A launch of the present launcher: its exit will be told, or was already."""
        if launch_id not in self._exited:
            self._tracked.add(launch_id)

    def tell(self, exited: Exited) -> None:
        """The launcher reports an exit."""
        self._exited[exited.launch_id] = exited
        self._tracked.discard(exited.launch_id)
        self._on_exit(exited.launch_id)

    def watch_foreign(self, process: Process) -> None:
        """Follow a process that is not the launcher's child by its pidfd."""
        if process.launch_id in self._foreign or process.launch_id in self._tracked:
            return
        try:
            pidfd = self._processes.open_pidfd(process.init_pid, process.init_start)
        except OSError:
            return
        self._foreign[process.launch_id] = pidfd
        asyncio.get_running_loop().add_reader(pidfd, self._foreign_ended, process)

    def _foreign_ended(self, process: Process) -> None:
        pidfd = self._foreign.pop(process.launch_id)
        asyncio.get_running_loop().remove_reader(pidfd)
        status = self._processes.exit_status(pidfd)
        os.close(pidfd)
        self.tell(
            Exited(
                launch_id=process.launch_id,
                pid=process.init_pid,
                status=signal.SIGKILL if status is None else status,
            )
        )

    def find(self, process: Process) -> Exited | None:
        """The exit of a process, None while it lives.

        A process that is gone although nobody told its exit counts as killed. One whose
        exit nobody would tell is followed from now on.
        """
        exited = self.look(process)
        if exited is None and process.launch_id not in self._tracked:
            self.watch_foreign(process)
        return exited

    def look(self, process: Process) -> Exited | None:
        """The same, and nothing is followed because of it."""
        launch_id = process.launch_id
        exited = self._exited.get(launch_id)
        if exited is not None or launch_id in self._tracked or launch_id in self._foreign:
            return exited
        if self._processes.is_alive(process.init_pid, process.init_start):
            return None
        return Exited(launch_id, process.init_pid, signal.SIGKILL)

    def acknowledge(self, launch_id: str) -> None:
        """The exit is recorded, or nobody wants it."""
        self._exited.pop(launch_id, None)
        pidfd = self._foreign.pop(launch_id, None)
        if pidfd is not None:
            asyncio.get_running_loop().remove_reader(pidfd)
            os.close(pidfd)
        if self._launcher is not None:
            self._launcher.acknowledge(launch_id)

    def close(self) -> None:
        """Close all pidfds."""
        for pidfd in self._foreign.values():
            asyncio.get_running_loop().remove_reader(pidfd)
            os.close(pidfd)
        self._foreign.clear()
