"""The launched child: runs the setup operations in order, then executes.

Called by launch.py right after clone3, with the request as it came over the link:
each operation is [name, argument...]; ops.py says what each means, execute.py does the
last one. The first failure goes to the launcher through the status socket, and the
child is gone. man 2 mount, pivot_root, setns; man 7 capabilities.

Everything here runs in the child, between clone3 and exec, perhaps in another mount
namespace and with other credentials: nothing is imported lazily, and no file is opened
but those that the operations name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable, Sequence

from porto.kernel import syscalls
from porto.launcher import execute, link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Wire = Sequence[Any]


_FAILURE = struct.Struct("=ci")
_SUBJECT_LIMIT = 32 << 10
_CREATE_ATTEMPTS = 8
_SIGKILL = 9


def serve(status: socket.socket, reaper: int, *, oom_adj: bool, early: bool) -> NoReturn:
    """The child's whole life: wait for operations on `status`, run them, execute.

    reaper  -- executable of the static reaper
    oom_adj -- take back the OOM score inherited from the launcher
    early   -- made ahead of its launch: there is time to warm up

    Runs in: child, as root, in the namespaces of clone3.
    """
    # A child whose launcher dies must not go on: nobody would know it.
    syscalls.set_parent_death_signal(_SIGKILL)
    keep_only({status.fileno(), reaper})
    os.umask(0)  # operations give exact modes; SetUmask comes later in the list
    if oom_adj:
        reset_oom_score()
    if early:
        warm_up()
    try:
        packet = link.receive(status, wait=True)
        if packet.message is not None:
            run(link.decode(packet.tail()), packet.fds, status, reaper)
    except (OSError, ValueError) as error:
        _report(status.fileno(), "setup", getattr(error, "errno", 0) or 0, f"operations: {error}")
    os._exit(1)


def go_between(status: int, flags: int) -> None:
    """Make the real child, as our own sibling, and end; returns in that child.

    Runs in: the launcher's child, born in the pid namespace below which the real one
    makes its own. The first message on `status` tells the launcher who that is.
    """
    try:
        pid, _ = syscalls.clone3(flags | syscalls.CLONE_PARENT)
    except OSError as error:
        _report(status, "clone3", error.errno or 0, f"namespaces {flags:#x}")
        os._exit(1)
    if pid:
        os._exit(0)
    os.write(status, b"B")


def run(ops: Sequence[Wire], fds: Sequence[int], status: socket.socket, reaper: int) -> NoReturn:
    """Run the operations; ends in exec, or in a failure message on `status`."""
    name, subject = "setup", ""
    try:
        for op in ops:
            name = op[0]
            subject = str(op[1]) if len(op) > 1 else name
            if name in execute.LAST:
                execute.LAST[name](op, status, reaper)
            OPERATIONS[name](fds, *op[1:])
        raise OSError(errno.EINVAL, "nothing to execute", "the end of the list")
    except OSError as error:
        if error.filename is not None and not isinstance(error.filename, int):
            subject = os.fsdecode(error.filename)
        _report(status.fileno(), name, error.errno or 0, subject)
    except MemoryError:
        _report(status.fileno(), name, errno.ENOMEM, subject)
    except (ValueError, OverflowError, TypeError, IndexError):
        _report(status.fileno(), name, errno.EINVAL, subject)
    except BaseException as error:
        _report(status.fileno(), name, 0, f"{subject}: {error!r}")
    os._exit(1)


def keep_only(kept: set[int]) -> None:
    """Close every descriptor above 2 but these; before Linux 5.9 they stay until exec."""
    first = 3
    try:
        for fd in sorted(kept):
            if first < fd:
                syscalls.close_range(first, fd - 1)
            first = fd + 1
        syscalls.close_range(first, 0x7FFFFFFF)
    except OSError:
        pass


def reset_oom_score() -> None:
    """Take back the score inherited from the master."""
    with contextlib.suppress(OSError):
        _write("/proc/self/oom_score_adj", b"0")


def warm_up() -> None:
    """Touch the memory that a launch will need, while nobody waits for it.

    After clone every first touch of a page is a fault of about 3 us, and a launch has
    some 300 of them. Each call here fails or changes nothing.
    """
    for name, *arguments in (
        ("Mount", None, "", None, 0, None),
        ("Unmount", "", 0),
        ("JoinCgroup", ""),
        ("WriteFile", "", "", False),
        ("MakeDirectory", "", 0, 0, 0),
        ("ChangeDirectory", ""),
        ("OpenStream", 0, "", 0, False, 0, 0, 0),
        ("SetLimit", -1, 0, 0, True),
        ("SetCapabilities", -1, 1 << 63),
        ("SetCredentials", -1, -1, (-1,)),
        ("Unshare", 0),
    ):
        with contextlib.suppress(OSError, OverflowError):
            OPERATIONS[str(name)]((), *arguments)
    syscalls.capset(*syscalls.capget())
    execute.warm_up()


def _report(status: int, name: str, code: int, subject: str) -> None:
    """'F', errno, operation, NUL, subject; `launch.Launch.read` takes it."""
    text = f"{name}\0{subject}".encode("utf-8", "surrogateescape")
    with contextlib.suppress(OSError):  # else the launcher is gone; so are we
        os.write(status, _FAILURE.pack(b"F", code) + text[:_SUBJECT_LIMIT])


def _join_cgroup(fds: Sequence[int], path: str) -> None:
    _write(path, b"0")


def _write(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, data)
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(fd)


def _join_namespaces(fds: Sequence[int], fd: int, flags: int) -> None:
    try:
        syscalls.setns(fds[fd], flags)
    except OSError as error:
        error.filename = f"namespaces {flags:#x}"
        raise


def _enter_root(fds: Sequence[int], fd: int) -> None:
    os.fchdir(fds[fd])
    os.chroot(".")


def _unshare(fds: Sequence[int], flags: int) -> None:
    syscalls.unshare(flags)


def _mount(
    fds: Sequence[int],
    source: str | None,
    target: str,
    fstype: str | None,
    flags: int,
    data: str | None,
) -> None:
    try:
        syscalls.mount(source, target, fstype, flags, data)
    except OSError as error:
        error.filename = target if source is None else f"{source} on {target}"
        raise


def _unmount(fds: Sequence[int], target: str, flags: int) -> None:
    try:
        syscalls.umount2(target, flags)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise


def _make_directory(fds: Sequence[int], path: str, mode: int, uid: int, gid: int) -> None:
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        return
    os.chown(path, uid, gid, follow_symlinks=False)
    if mode & 0o6000:
        os.chmod(path, mode)


def _make_node(
    fds: Sequence[int], path: str, mode: int, major: int, minor: int, uid: int, gid: int
) -> None:
    os.mknod(path, mode, os.makedev(major, minor))
    if uid or gid:
        os.chown(path, uid, gid, follow_symlinks=False)
        os.chmod(path, mode & 0o7777)  # chown clears set-id bits


def _make_link(fds: Sequence[int], path: str, target: str) -> None:
    try:
        os.symlink(target, path)
    except OSError as error:
        error.filename = path
        raise


def _write_file(fds: Sequence[int], path: str, text: str, required: bool) -> None:
    try:
        _write(path, text.encode("utf-8", "surrogateescape"))
    except OSError:
        if required:
            raise


def _pivot_root(fds: Sequence[int], path: str) -> None:
    os.chdir(path)
    try:
        syscalls.pivot_root(".", ".")
        syscalls.umount2(".", syscalls.MNT_DETACH)
    except OSError as error:
        error.filename = path
        raise
    os.chdir("/")


def _set_hostname(fds: Sequence[int], name: str) -> None:
    syscalls.sethostname(name)


def _set_limit(fds: Sequence[int], resource: int, soft: int, hard: int, required: bool) -> None:
    try:
        syscalls.prlimit(0, resource, (soft, hard))
    except PermissionError:
        if required:
            raise
        allowed = syscalls.prlimit(0, resource)[1]
        syscalls.prlimit(0, resource, (_lower(soft, allowed), _lower(hard, allowed)))


def _lower(limit: int, allowed: int) -> int:
    if syscalls.RLIM_INFINITY in (limit, allowed):
        return max(limit, allowed)  # the other one; -1 when both are unlimited
    return min(limit, allowed)


def _new_session(fds: Sequence[int]) -> None:
    os.setsid()


def _set_umask(fds: Sequence[int], mask: int) -> None:
    os.umask(mask)


def _change_directory(fds: Sequence[int], path: str) -> None:
    os.chdir(path)


def _open_stream(
    fds: Sequence[int],
    stream: int,
    path: str,
    flags: int,
    create: bool,
    mode: int,
    uid: int,
    gid: int,
) -> None:
    fd = _open(path, flags | os.O_NOCTTY | os.O_CLOEXEC, (mode, uid, gid) if create else None)
    os.dup2(fd, stream)
    os.close(fd)
    _take_terminal(stream)


def _open(path: str, flags: int, owned: tuple[int, int, int] | None) -> int:
    for _ in range(_CREATE_ATTEMPTS):
        try:
            return os.open(path, flags)
        except OSError as error:
            if error.errno != errno.ENOENT or owned is None:
                error.filename = path
                raise
        mode, uid, gid = owned
        try:
            fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            continue  # another one made it in between, or a dangling link
        # Not by chown of the name, which could be another file by now.
        if (uid, gid) != (os.geteuid(), os.getegid()):
            os.fchown(fd, uid, gid)
        return fd
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), path)


def _use_descriptor(fds: Sequence[int], stream: int, fd: int) -> None:
    os.dup2(fds[fd], stream)
    _take_terminal(stream)


def _take_terminal(fd: int) -> None:
    """Make a terminal the controlling one; one that another session holds stays there."""
    if os.isatty(fd):
        with contextlib.suppress(PermissionError):
            fcntl.ioctl(fd, termios.TIOCSCTTY, 0)


def _set_scheduler(fds: Sequence[int], policy: int, priority: int, nice: int, ioprio: int) -> None:
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        syscalls.ioprio_set(0, ioprio)
    except OSError as error:
        error.filename = f"policy {policy} priority {priority} nice {nice} ioprio {ioprio}"
        raise


def _set_credentials(fds: Sequence[int], uid: int, gid: int, groups: Sequence[int]) -> None:
    try:
        os.setgroups(groups)
        syscalls.prctl(syscalls.PR_SET_KEEPCAPS, 1)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        error.filename = f"user {uid} group {gid}"
        raise


def _last_capability() -> int:
    try:
        with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
            return int(file.read())
    except OSError:
        return 40


_LAST_CAPABILITY = _last_capability()


def _set_capabilities(fds: Sequence[int], bounding: int, ambient: int) -> None:
    _, permitted, _ = syscalls.capget()
    absent = ambient & ~permitted
    if absent:
        number = absent.bit_length() - 1
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), f"ambient capability {number}")
    # setresuid emptied the effective set of a user other than root; dropping needs SETPCAP.
    syscalls.capset(permitted, permitted, ambient)
    for number in range(_LAST_CAPABILITY + 1):
        if not bounding >> number & 1:
            syscalls.drop_bounding(number)
        if ambient >> number & 1:
            syscalls.raise_ambient(number)
    if os.geteuid() != 0:
        syscalls.capset(ambient, ambient, ambient)


OPERATIONS: dict[str, Callable[..., None]] = {
    "JoinCgroup": _join_cgroup,
    "JoinNamespaces": _join_namespaces,
    "EnterRoot": _enter_root,
    "Unshare": _unshare,
    "Mount": _mount,
    "Unmount": _unmount,
    "MakeDirectory": _make_directory,
    "MakeNode": _make_node,
    "MakeLink": _make_link,
    "WriteFile": _write_file,
    "PivotRoot": _pivot_root,
    "SetHostname": _set_hostname,
    "SetLimit": _set_limit,
    "NewSession": _new_session,
    "SetUmask": _set_umask,
    "ChangeDirectory": _change_directory,
    "OpenStream": _open_stream,
    "UseDescriptor": _use_descriptor,
    "SetScheduler": _set_scheduler,
    "SetCredentials": _set_credentials,
    "SetCapabilities": _set_capabilities,
}
