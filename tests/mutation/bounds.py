"""The end of what runs for too long."""

import os
import signal
import subprocess
from contextlib import suppress

GRACE_S = 10.0
"""Seconds for who was asked to stop."""


def stop(run: "subprocess.Popen[bytes]", limit_s: float, grace_s: float = GRACE_S) -> None:
    """Wait for the leader of a session at most so long; nothing of it runs any more then."""
    with suppress(subprocess.TimeoutExpired):
        run.wait(limit_s)
        return
    # It stops its children and keeps the verdicts it has, but waits for one that loops for ever.
    run.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        run.wait(grace_s)
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
