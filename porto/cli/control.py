"""Commands of portod that start, stop and signal it.

Each prints one line and returns the exit code.

Called by `cli/portod.py`. The work is done by the master (`launcher/master.py`), which
these commands execute or signal. Manual: portod; what each signal does is there too.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from porto.cli.instance import Instance, end_process, wait_until
from porto.launcher import handover
from porto.launcher.build import ensure_programs
from porto.launcher.settings import Settings, master_command

START_ATTEMPTS = 3
"""So many daemons may end before the first answer."""
_TAIL_BYTES = 8192
_KILL_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Control:
    """One portod and how long its commands may take."""

    instance: Instance
    settings: Settings
    start_timeout_s: float
    stop_timeout_s: float

    def run_master(self) -> int:
        """Become the master; returns only when that fails."""
        ensure_programs()
        command = master_command(self.settings)
        os.execv(command[0], command)

    def launcher_command(self) -> int:
        """Answer a running master: the command line that may replace it."""
        ensure_programs()
        command = master_command(self.settings)
        asker = os.environ.get(handover.ASKER, str(handover.VERSION))
        subprocess.run([*command, f"--check={asker}"], check=True, stdout=subprocess.DEVNULL)
        print(json.dumps(command))
        return 0

    def start(self) -> int:
        """Start a master in the background and wait until the daemon answers."""
        running = self.instance.master()
        if running is not None and self.instance.answers():
            print(f"portod is already running: pid {running}")
            return 0
        pid = os.fork()
        if pid == 0:
            self._detach()
        ended: list[int] = []
        daemons: set[int] = set()

        def settled() -> bool:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                ended.append(status)
            daemons.update(filter(None, (self.instance.daemon(),)))
            if ended or len(daemons) > START_ATTEMPTS:
                return True
            return self.instance.master() == pid and self.instance.answers()

        if not wait_until(settled, self.start_timeout_s):
            return _fail(f"start timeout exceeded: no answer on {self.instance.socket_path}")
        if ended:
            return _fail(f"portod exited: {_ending(ended[0])}")
        if len(daemons) > START_ATTEMPTS:
            end_process(pid, signal.SIGTERM, _KILL_TIMEOUT_S)
            log = self.settings.log
            return _fail(
                f"portod does not start: the daemon ended {START_ATTEMPTS} times"
                f"{_last_words(log)}; more in {log}"
            )
        print(f"portod started: pid {pid}")
        return 0

    def _detach(self) -> None:
        """Runs in: child of `start`. Does not return."""
        try:
            os.setsid()
            null = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null, 0)
            self.run_master()
        except Exception as error:
            print(f"cannot execute the master: {error}", file=sys.stderr)
        finally:
            os._exit(1)

    def stop(self) -> int:
        """Destroy all containers and end; SIGKILL when that takes too long."""
        pid = self.instance.master()
        if pid is None:
            self.instance.remove_pid_files()
            print("portod already stopped")
            return 0
        if end_process(pid, signal.SIGINT, self.stop_timeout_s):
            print("portod stopped")
            return 0
        print("portod does not stop: killed", file=sys.stderr)
        return self.kill()

    def kill(self) -> int:
        """SIGKILL to the master, and by the kernel to the daemon; containers go on."""
        pid = self.instance.master()
        if pid is not None and not end_process(pid, signal.SIGKILL, _KILL_TIMEOUT_S):
            return _fail(f"portod does not die: pid {pid}")
        self.instance.remove_pid_files()
        return 0

    def restart(self) -> int:
        """Stop, then start."""
        self.stop()
        return self.start()

    def reload(self) -> int:
        """A new daemon, and the master's program anew; containers and clients stay."""
        return self._replace(lambda: True)

    def upgrade(self) -> int:
        """The same, with this program in place of the running one."""
        link = self.settings.link
        try:
            former = os.readlink(link)
        except OSError as error:
            return _fail(f"cannot upgrade: no running program at {link}: {error.strerror}")
        _point(link, self.settings.program)

        def taken_over() -> bool:
            try:
                with open(self.settings.version_file, encoding="utf-8") as file:
                    version = file.read().strip()
                return os.readlink(link) == self.settings.program and (
                    version == self.settings.version
                )
            except OSError:
                return False

        code = self._replace(taken_over)
        if code == 0:
            print(f"portod upgraded: version {self.settings.version} {self.settings.program}")
        elif os.path.lexists(former):
            _point(link, former)
        return code

    def _replace(self, good: Callable[[], bool]) -> int:
        pid, daemon = self.instance.master(), self.instance.daemon()
        if pid is None:
            return _fail("portod is not running")
        os.kill(pid, signal.SIGHUP)

        def settled() -> bool:
            if self.instance.master() is None:
                return True
            return self.instance.daemon() not in (None, daemon) and self.instance.answers()

        if not wait_until(settled, self.start_timeout_s):
            return _fail("reload timeout exceeded")
        if self.instance.master() is None:
            return _fail(f"portod exited: see {self.settings.log}")
        if not good():
            return _fail(f"the running program refused: see {self.settings.log}")
        return 0

    def reopen_log(self) -> int:
        """Open the log file anew, after a rotation."""
        pid = self.instance.master()
        if pid is None:
            return _fail("portod is not running")
        os.kill(pid, signal.SIGUSR1)
        return 0

    def status(self) -> int:
        """Print running, stopped or unknown (it runs and does not answer)."""
        if self.instance.master() is None:
            print("stopped")
            return 1
        running = self.instance.answers()
        print("running" if running else "unknown")
        return 0 if running else 1


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


def _point(link: str, target: str) -> None:
    temporary = f"{link}.{os.getpid()}"
    os.symlink(target, temporary)
    os.replace(temporary, link)


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by signal {os.WTERMSIG(status)}"
    return f"exit code {os.WEXITSTATUS(status)}"


def _last_words(log: str) -> str:
    """What the daemon said last, from the log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = [line for line in lines if line.strip() and "portod-master[" not in line]
    return f": {said[-1].strip()}" if said else ""
