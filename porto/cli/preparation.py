"""What the daemon's process sets for itself and finds on its host, before any object is built.

Called by `cli/daemon.py`.
"""

import contextlib
import fcntl
import gc
import grp
import os
import resource

from porto.api.auth import PORTO_GROUP
from porto.cli.instance import be_alone
from porto.kernel import syscalls
from porto.kernel.host.allocator import return_large_blocks
from porto.kernel.mount.mounts import ensure_tmpfs
from porto.spec.config import Config

STORE_MODE = 0o750
SPARE_FILES = 1000
PREDECESSOR_S = 30.0
"""How long the last system call of a daemon whose master was killed is waited for."""


def prepare(config: Config) -> None:
    """Limits, name and directories; raises OSError with the path as filename."""
    _make_room_for_files(_raise_file_limit(config))
    os.umask(0o022)
    syscalls.set_name("portod")
    return_large_blocks()
    records = os.path.dirname(config.paths.store)
    for path in (config.paths.work, config.paths.containers, records):
        os.makedirs(path, mode=0o755, exist_ok=True)
    be_alone(records, PREDECESSOR_S)
    ensure_tmpfs(
        config.paths.store,
        size_bytes=config.keyvalue_size,
        mode=STORE_MODE,
        gid=_porto_gid(),
    )


def _raise_file_limit(config: Config) -> int:
    """Room for two descriptors a container (its OOM notice, a passing pidfd) and the clients.

    As much of it as the kernel allows: what does not fit is refused one by one. Gives how
    many of them there may be.
    """
    wanted = 2 * config.container.max_total + config.daemon.max_clients + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return wanted
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
        return wanted
    allowed = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def _make_room_for_files(count: int) -> None:
    """Let the kernel's table of descriptors grow now, while there is one thread.

    Later whoever opens the file for which it has to grow waits for an RCU grace period (10 ms
    and more), and with him all that waits for the event loop. It does not shrink.
    """
    some = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        # The lowest free one from there on: nobody's is closed.
        os.close(fcntl.fcntl(some, fcntl.F_DUPFD_CLOEXEC, count - 1))
    finally:
        os.close(some)


def _porto_gid() -> int:
    try:
        return grp.getgrnam(PORTO_GROUP).gr_gid
    except KeyError:
        return 0


def tune_collector() -> None:
    """What start-up made stays; what requests make is freed by reference counts.

    The little garbage among it is not worth the time of looking for it: clients wait.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
