"""From the command line to a running master: the process is made ready, then it serves.

Called by `__main__.py`. A program that is asked with ``--check`` whether it could take
over from a running master only answers.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

from porto.kernel import syscalls
from porto.launcher import handover
from porto.launcher.listener import Refused
from porto.launcher.master import Master
from porto.launcher.programs import open_program
from porto.launcher.settings import parse


def main(argv: Sequence[str]) -> int:
    """Run the master; the exit code. 1 with a message when it cannot start."""
    try:
        settings, rest = parse(argv)
    except ValueError as error:
        print(f"porto.launcher: {error}", file=sys.stderr)
        return 1
    if "check" in rest:
        # Asked by a running master of this program: could it take over?
        for program in ("executor", "reaper"):
            os.close(open_program(program, program))
        return 0 if handover.understands(rest["check"]) else 1
    _occupy_low_descriptors()
    os.chdir("/")
    os.umask(0o022)
    syscalls.set_name("portod-master")
    for signo in set(range(1, signal.NSIG)) - {signal.SIGKILL, signal.SIGSTOP}:
        if signo not in (signal.SIGPIPE, signal.SIGXFSZ):
            syscalls.reset_signal(signo)  # what our starter ignored, tasks must not ignore
    try:
        state = handover.load(int(rest["handover"])) if "handover" in rest else None
        master = Master(settings, state)
    except (Refused, OSError, ValueError) as error:
        print(f"cannot start portod: {error}", file=sys.stderr)
        return 1
    gc.collect()
    gc.freeze()
    gc.disable()
    return master.run()


def _occupy_low_descriptors() -> None:
    """Nothing of ours may sit at 0..2 (a task's streams) or 3 (the reaper's status)."""
    while (fd := os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)) <= 3:
        pass
    os.close(fd)
