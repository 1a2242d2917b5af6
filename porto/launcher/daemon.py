"""Starts the daemon as a child of the master.

Called by master.py. The daemon's command line ends with what `daemon_arguments` says:

    --listen-fd 3 --link-fd 4 --master-start SECONDS --spawned N
    [--config FILE]... [--stdlog] [--verbose] [--debug] [--discard]

Descriptor 3 is the API socket, 4 the link (`client.LauncherClient`). Standard output
and error are the log file, or those of the master with --stdlog; standard input is
/dev/null. The kernel kills the daemon when the master ends.
"""

import contextlib
import os
import socket
from collections.abc import Mapping

from porto.kernel import syscalls
from porto.launcher.settings import Settings

LISTEN_FD, LINK_FD = 3, 4

_SIGKILL = 9
_IGNORED = (13, 25)  # SIGPIPE and SIGXFSZ, by the interpreter


def daemon_arguments(settings: Settings, *, master_start: float, spawned: int) -> list[str]:
    """Arguments after the daemon's command.

    master_start -- Unix time of the first start of the master
    spawned      -- how many daemons it has started, this one included
    """
    words = ["--listen-fd", str(LISTEN_FD), "--link-fd", str(LINK_FD)]
    words += ["--master-start", f"{master_start:.3f}", "--spawned", str(spawned)]
    for path in settings.config:
        words += ["--config", path]
    words += [f"--{flag}" for flag in ("stdlog", "verbose", "debug") if getattr(settings, flag)]
    if settings.discard and spawned == 1:
        words.append("--discard")
    return words


def package_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which an interpreter finds this package.

    A source checkout is put in PYTHONPATH; an installed package needs nothing.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    found = dict(env)
    if os.path.basename(root) not in ("site-packages", "dist-packages"):
        found["PYTHONPATH"] = root
    return found


def spawn(
    settings: Settings, listener: socket.socket, *, master_start: float, spawned: int
) -> tuple[int, socket.socket]:
    """Start a daemon; its pid and the master's end of the link. Raises OSError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    words = settings.daemon + daemon_arguments(settings, master_start=master_start, spawned=spawned)
    # No plugin is wanted, and pydantic would look for some in every installed package.
    env = {**package_environment(os.environ), "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    try:
        pid, _ = syscalls.clone3(0)
        if pid == 0:
            _execute(words, env, listener.fileno(), theirs.fileno())
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.setblocking(False)
    return pid, ours


def _execute(words: list[str], env: dict[str, str], listen_fd: int, link_fd: int) -> None:
    """Runs in: child. Does not return."""
    try:
        syscalls.set_parent_death_signal(_SIGKILL)
        os.setsid()
        os.umask(0o022)
        # Copies out of the way first: either may sit where the other one belongs.
        copies = os.dup(listen_fd), os.dup(link_fd)
        os.dup2(copies[0], LISTEN_FD)
        os.dup2(copies[1], LINK_FD)
        syscalls.close_range(LINK_FD + 1, 0x7FFFFFFF)
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        _reset_oom_score()
        for signo in _IGNORED:
            syscalls.reset_signal(signo)
        syscalls.unblock_signals()
        os.execve(words[0], words, env)
    except OSError as error:
        os.write(2, f"cannot execute {words[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _reset_oom_score() -> None:
    """Take back the score inherited from the master."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(b"0")
