"""The master: keeps the API socket and all children, starts and restarts the daemon.

Made by `start.py`, which `cli/portod.py` executes. One thread, one epoll; what it knows
about launches is in spawner.py. Signals, manual page of portod:

    SIGTERM  end the daemon, leave the containers running, end
    SIGINT   the daemon destroys all containers and ends; then end
    SIGHUP   end the daemon, execute the program behind RUNTIME/portod, go on
    SIGUSR1  open the log again, tell the daemon to do so
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence

from porto.kernel import syscalls
from porto.launcher import daemon, handover, link
from porto.launcher.daemon_link import DaemonLink
from porto.launcher.executor import Executor
from porto.launcher.listener import Listener, Refused, answers, lock
from porto.launcher.log import Log
from porto.launcher.poll import Poll
from porto.launcher.settings import Settings
from porto.launcher.spawner import Spawner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
_SOCKET_CHECK_S = 3.0
_SUCCESSOR_TIMEOUT_S = 30.0
_DYING_TIMEOUT_S = 10.0
_COLLECT_EVERY = 512
_MISTAKE_PAUSE_S = 0.05
_SIGNALFD_INFO = 128


class Master:
    """Phases: serve; stop (waits for the daemon's end); reload (same, then exec)."""

    def __init__(self, settings: Settings, state: dict[str, Any] | None) -> None:
        """`state` is the former master's (`handover.load`). Raises Refused, OSError."""
        self.settings = settings
        self._log = Log(None if settings.stdlog else settings.log)
        self._poll = Poll()
        if state is None:
            self._lock = lock(settings.master_pid)
            if answers(settings.socket):
                raise Refused(f"another program answers on {settings.socket}")
            self._listener = self._bind()
        else:
            self._lock = int(state["lock"])
            os.set_inheritable(self._lock, False)
            sock = socket.socket(fileno=int(state["listen"]))
            sock.set_inheritable(False)
            self._listener = Listener(str(state["socket"]), sock)
        lowered = _protect_from_oom()
        syscalls.set_subreaper()
        executor = Executor(lowered=lowered, log=self._log)
        self._spawner = Spawner(executor, self._poll, self._tell)
        self._log.reopen()
        self._start = float(state["start"]) if state else time.time()
        self._spawned = int(state["spawned"]) if state else 0
        self._daemon = 0
        self._link: DaemonLink | None = None
        self._phase = "serve"
        self._stop_signal = 0
        self._spawn_at: float | None = 0.0
        self._last_spawn = 0.0
        self._kill_at: float | None = None
        self._gave_up = False
        self._successor: handover.Successor | None = None
        self._successor_words: list[str] = []
        self._check_at = 0.0
        self._ended = 0
        self.exit_code: int | None = None
        if state:
            self._spawner.take_over(state["launches"])
        self._publish()
        syscalls.block_signals(_HANDLED)
        self._signals = syscalls.signalfd(_HANDLED)
        self._poll.watch(self._signals, self._on_signal)

    def _bind(self) -> Listener:
        return Listener.bind(
            self.settings.socket, group=self.settings.group, backlog=self.settings.backlog
        )

    def _publish(self) -> None:
        """RUNTIME/portod and its version, for `portod upgrade` and the next SIGHUP."""
        settings = self.settings
        temporary = f"{settings.link}.{os.getpid()}"
        try:
            if settings.program:
                os.symlink(settings.program, temporary)
                os.rename(temporary, settings.link)
            with open(settings.version_file, "w", encoding="utf-8") as file:
                file.write(f"{settings.version}\n")
        except OSError as error:
            self._log(f"cannot write {error.filename}: {error.strerror}")

    # -- the loop ------------------------------------------------------------------

    def run(self) -> int:
        """Serve until told to end; the exit code."""
        self._log(f"started: version {self.settings.version}, pid {os.getpid()}")
        self._reap()  # children that ended during exec
        while self.exit_code is None:
            try:
                self._turn()
            except Exception as error:
                # A mistake of ours must not end the parent of every container.
                self._log_mistake(error)
                time.sleep(_MISTAKE_PAUSE_S)
        self._clean_up()
        return self.exit_code

    def _turn(self) -> None:
        self._tick()
        if self.exit_code is None:
            self._poll.wait(self._timeout())
            self._spawner.tick(time.monotonic())

    def _log_mistake(self, error: Exception) -> None:
        where = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            where.append(f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}")
            trace = trace.tb_next
        self._log(f"unexpected {error!r} at {' '.join(where)}")

    def _timeout(self) -> float:
        times = [self._check_at]
        for when in (self._spawner.next_time(), self._spawn_at, self._kill_at):
            if when is not None:
                times.append(when)
        return max(0.0, min(times) - time.monotonic())

    def _tick(self) -> None:
        now = time.monotonic()
        if self._spawn_at is not None and now >= self._spawn_at:
            self._spawn()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._kill_overdue()
        if now >= self._check_at:
            self._check_at = now + _SOCKET_CHECK_S
            if self._phase == "serve" and self._listener.vanished():
                self._replace_listener()
        if self._ended >= _COLLECT_EVERY:
            self._ended = 0
            gc.collect()

    def _kill_overdue(self) -> None:
        if self._successor:
            self._successor.kill()
        elif self._daemon:
            self._log("daemon does not end in time: killed")
            self._gave_up = True
            os.kill(self._daemon, signal.SIGKILL)
        elif self._phase == "stop":
            self.exit_code = 0  # it could not even be started

    def _replace_listener(self) -> None:
        """Somebody removed the socket: make it again; a new daemon will serve it."""
        self._log(f"socket {self.settings.socket} is gone: made again")
        try:
            fresh = self._bind()
        except Refused as error:
            self._log(str(error))
            return
        self._listener.sock.close()
        self._listener = fresh
        if self._daemon:
            os.kill(self._daemon, signal.SIGTERM)

    def _on_signal(self) -> None:
        try:
            data = os.read(self._signals, _SIGNALFD_INFO * 16)
        except BlockingIOError:
            return
        for at in range(0, len(data), _SIGNALFD_INFO):
            signo = int.from_bytes(data[at : at + 4], sys.byteorder)
            if signo == signal.SIGCHLD:
                self._reap()
            elif signo == signal.SIGUSR1:
                self._log.reopen()
                self._signal_daemon(signo)
            elif signo == signal.SIGHUP:
                self._ask_successor()
            else:
                self._stop(signo)

    def _reap(self) -> None:
        """Every zombie: ours, the daemon, or an orphan that nobody waits for."""
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if info is None:
                return
            status = info.si_status
            if info.si_code == os.CLD_EXITED:
                status <<= 8
            elif info.si_code == os.CLD_DUMPED:
                status |= 0x80
            pid = info.si_pid
            of_task = self._spawner.task_status(pid, status)  # the zombie has its name still
            os.waitid(os.P_PID, pid, os.WEXITED)
            self._spawner.ended(pid, of_task)
            self._ended += 1
            if pid == self._daemon:
                self._daemon_ended(status)
            elif self._successor and pid == self._successor.pid:
                self._successor_ended(status)

    # -- the daemon ----------------------------------------------------------------

    def _spawn(self) -> None:
        self._spawn_at = None
        self._last_spawn = time.monotonic()
        self._spawned += 1
        try:
            self._daemon, sock = daemon.spawn(
                self.settings,
                self._listener.sock,
                master_start=self._start,
                spawned=self._spawned,
            )
        except OSError as error:
            self._log(f"cannot start daemon: {error.strerror}")
            self._spawn_at = self._last_spawn + self.settings.respawn_delay_ms / 1000
            return
        self._link = DaemonLink(
            sock, self._poll, obey=self._obey, lost=self._on_lost, log=self._log
        )
        self._write_daemon_pid()
        self._log(f"daemon started: pid {self._daemon}")

    def _write_daemon_pid(self) -> None:
        try:
            with open(self.settings.daemon_pid, "w", encoding="ascii") as file:
                file.write(f"{self._daemon}\n")
        except OSError as error:
            self._log(f"cannot write {self.settings.daemon_pid}: {error.strerror}")

    def _signal_daemon(self, signo: int) -> None:
        if self._daemon:
            os.kill(self._daemon, signo)

    def _daemon_ended(self, status: int) -> None:
        if self._link is not None:
            while self._link.read():
                pass  # what it said last
            self._link.close()
            self._link = None
        self._spawner.end_runs()
        self._log(f"daemon ended: pid {self._daemon}, wait status {status:#x}")
        self._daemon = 0
        _unlink(self.settings.daemon_pid)
        if (
            self._phase == "stop"
            and self._stop_signal == signal.SIGINT
            and status != 0
            and not self._gave_up
        ):
            # It crashed, and somebody has to destroy the containers: once more.
            self._gave_up = True
            self._spawn_at = 0.0
            return
        self._kill_at = None
        if self._phase == "serve":
            if self.settings.norespawn:
                self.exit_code = 0 if status == 0 else 1
            else:
                delay = self.settings.respawn_delay_ms / 1000
                self._spawn_at = max(time.monotonic(), self._last_spawn + delay)
            return
        if self._phase == "stop":
            self.exit_code = 0
        else:
            self._become_successor()

    def _on_lost(self) -> None:
        """The daemon is dying; SIGCHLD says how."""
        if self._daemon and self._kill_at is None:
            self._kill_at = time.monotonic() + _DYING_TIMEOUT_S

    def _obey(self, message: link.Message, packet: link.Packet) -> None:
        kind = message[0]
        if kind in ("launch", "run"):
            self._spawner.launch(packet)
        elif kind == "fetch":
            self._spawner.fetch(message[1], message[2])
        elif kind == "ack":
            self._spawner.acknowledge(message[1])
        elif kind == "forget":
            self._spawner.forget(message[1])
        elif kind == "hello" and self._link is not None:
            self._link.greeted = True
            self._spawner.greet()
            if self._phase != "serve":
                self._signal_daemon(self._stop_signal)
        else:
            raise ValueError("unknown message")

    def _tell(self, message: Sequence[Any], fds: Sequence[int] = ()) -> None:
        """To the daemon, if one is connected; otherwise it will be told all anew."""
        if self._link is not None and self._link.greeted:
            self._link.tell(message, fds)

    # -- stop and reload -----------------------------------------------------------

    def _stop(self, signo: int) -> None:
        self._log(f"{signal.Signals(signo).name}: stopping")
        self._phase = "stop"
        if self._successor:
            self._successor.kill()
        self._stop_signal = signo
        self._kill_at = time.monotonic() + self.settings.stop_timeout_s
        if self._daemon:
            self._end_daemon()
        elif signo == signal.SIGTERM:
            self.exit_code = 0
        else:
            self._spawn_at = 0.0  # somebody has to destroy the containers

    def _end_daemon(self) -> None:
        """Signal it; one that is still starting gets SIGINT and SIGHUP at its hello."""
        greeted = self._link is not None and self._link.greeted
        if greeted or self._stop_signal == signal.SIGTERM:
            self._signal_daemon(self._stop_signal)

    def _ask_successor(self) -> None:
        if self._phase != "serve" or self._successor:
            return
        self._log("SIGHUP: reloading")
        self._successor_words = []
        if self.settings.successor:
            try:
                self._successor = handover.Successor(self.settings)
            except OSError as error:
                self._log(f"cannot execute {self.settings.link}: {error.strerror}")
            else:
                self._kill_at = time.monotonic() + _SUCCESSOR_TIMEOUT_S
                return
        self._reload()

    def _successor_ended(self, status: int) -> None:
        successor, self._successor = self._successor, None
        if successor is not None:
            try:
                self._successor_words = successor.answer(status)
            except ValueError as error:
                self._log(f"cannot upgrade to {self.settings.link}: {error}; staying the same")
        if self._phase == "serve":
            self._reload()

    def _reload(self) -> None:
        self._phase = "reload"
        self._stop_signal = signal.SIGHUP
        self._kill_at = time.monotonic() + self.settings.stop_timeout_s
        self._spawn_at = None
        if self._daemon:
            self._end_daemon()
        else:
            self._become_successor()

    def _become_successor(self) -> None:
        """Execute the next master; see handover.py."""
        listener = self._listener.sock
        for fd in (self._lock, listener.fileno()):
            os.set_inheritable(fd, True)
        fd = handover.save(
            {
                "lock": self._lock,
                "listen": listener.fileno(),
                "socket": self._listener.path,
                "start": self._start,
                "spawned": self._spawned,
                "launches": self._spawner.hand_over(),
            }
        )
        self._log("executing the next master")
        error = handover.execute(self._successor_words, self.settings, fd)
        self._log(f"cannot execute a master: {error.strerror}; going on")
        os.close(fd)
        self._phase = "serve"
        self._kill_at = None
        self._spawn_at = 0.0

    def _clean_up(self) -> None:
        self._spawner.close()
        self._listener.remove()
        settings = self.settings
        for path in (
            settings.link,
            settings.version_file,
            settings.statistics,
            settings.daemon_pid,
        ):
            _unlink(path)
        self._log("stopped")
        _unlink(self.settings.master_pid)  # last: `portod stop` waits for it


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _protect_from_oom() -> bool:
    """Lower our OOM score as far as allowed; whether children must take it back."""
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"-1000")
    except OSError:
        pass
    with open("/proc/self/oom_score_adj", "rb") as file:
        return file.read().strip() != b"0"
