"""Running a helper program beside the daemon: mkfs, tar, the removal of a large tree.

Called by `reconcilers/engine/jobs_programs.py`. posix_spawn(3) shares the daemon's memory
until exec, so its size costs nothing. Before the program there is a shell of one line,
because only a process itself joins its cgroups without the kernel's grace period: it
writes "0" into the files named to it and becomes the program. No word of it is
interpreted. If its cgroup is gone it ends, and the program never runs: who removes the
cgroup of a job has called the job off. Man 3 posix_spawn.
"""

import contextlib
import fcntl
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porto.kernel import syscalls
from porto.kernel.process import scheduling
from porto.kernel.process.spawning import spawn_session

FIRST_DESCRIPTOR = 3
"""Where the program finds the first of its descriptors; the others follow."""
DESCRIPTORS_MAX = 7
NOT_STARTED = 125
"""Exit status of the shell when it could not join; 126 and 127 when the program is not there."""
NICE = 10
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

_SHELL = "/bin/sh"
_LINE = (
    'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; '
    'shift; cd / || exit 125; exec "$@"'
)
_OOM_SCORE = "/proc/self/oom_score_adj"
_LAST_DESCRIPTOR = (1 << 32) - 1
_IDLE_DISK = scheduling.IOPRIO_NAMES.index("idle") << 13
_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)
"""Those that Python ignores."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to execute.

    argv        -- the first word is an absolute path
    descriptors -- each opens one when the program starts; the program has them from
                   `FIRST_DESCRIPTOR` on, and the daemon closes its own
    tells_errno -- whether its exit code is the errno of what failed
    """

    argv: tuple[str, ...]
    descriptors: tuple[Callable[[], int], ...] = ()
    tells_errno: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A program that runs, with the ends of its output that we read.

    output, errors -- its standard output and error, not blocking
    pidfd          -- readable when it has ended; it is our child until `reap`
    """

    pid: int
    pidfd: int
    output: int
    errors: int

    def kill(self) -> None:
        """SIGKILL to the program itself."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reap(self) -> int:
        """Exit code, or the negative signal, of a program that has ended; closes everything."""
        try:
            ended = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
        finally:
            for descriptor in (self.pidfd, self.output, self.errors):
                os.close(descriptor)
        assert ended is not None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def spawn(program: Program, join: Sequence[str]) -> Child:
    """Start a program in the cgroups whose join files are given, with low priority.

    It leads a session of its own, reads nothing, and has no descriptor but those that it is
    given. Waits until its shell is executed, which on a busy host is for a thread. Raises
    OSError: a descriptor cannot be opened, or no process made.
    """
    _keep_descriptors()
    words = [_SHELL, "-c", _LINE, "job", _OOM_SCORE, *join, "--", *program.argv]
    with contextlib.ExitStack() as ours:
        passed = [_opened(opener, ours) for opener in program.descriptors[:DESCRIPTORS_MAX]]
        output, errors = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        for end in (output[1], errors[1]):
            ours.callback(os.close, end)
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        ours.callback(os.close, nothing)
        places = (nothing, output[1], errors[1], *passed)
        try:
            pid = spawn_session(
                _SHELL,
                words,
                ENVIRONMENT,
                descriptors=dict(enumerate(places)),
                defaults=_SIGNALS,
            )
        except BaseException:
            os.close(output[0])
            os.close(errors[0])
            raise
    for end in (output[0], errors[0]):
        os.set_blocking(end, False)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
        syscalls.ioprio_set(pid, _IDLE_DISK)
    return Child(pid, os.pidfd_open(pid), output[0], errors[0])


def _keep_descriptors() -> None:
    """Let no descriptor of ours be inherited, those included that the master gave us."""
    try:
        syscalls.close_range(FIRST_DESCRIPTOR, _LAST_DESCRIPTOR, syscalls.CLOSE_RANGE_CLOEXEC)
    except OSError:  # Linux before 5.11
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), int(name) < FIRST_DESCRIPTOR)


def _opened(opener: Callable[[], int], ours: contextlib.ExitStack) -> int:
    """One of the program's descriptors, above all numbers where the program has them."""
    made = opener()
    try:
        high = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR + DESCRIPTORS_MAX)
    finally:
        os.close(made)
    ours.callback(os.close, high)
    return high
