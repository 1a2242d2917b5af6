"""System calls that the standard library of Python 3.11 lacks, through ctypes.

Called by the launcher's master and by the other files of this room. No policy: each
function is one system call with bytes, str and ints, and a failure is an `OSError`
with errno and, as filename, the subject. What `os` or `signal` offers already
(pidfd_open, memfd_create, sched_setscheduler) is taken from there. What the child of a
launch calls is in C: launcher/executor.c. Numbers: include/uapi/asm-generic/unistd.h; man
section 2.
"""

import ctypes
import fcntl
import os
import signal
import struct
from collections.abc import Iterable

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_PIDFD = 0x00001000
CLONE_PARENT = 0x00008000
CLONE_INTO_CGROUP = 0x200000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC = 32, 4096, 8192, 16384
MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED = 1 << 17, 1 << 18, 1 << 19, 1 << 20
MS_STRICTATIME = 1 << 24
MNT_FORCE, MNT_DETACH, UMOUNT_NOFOLLOW = 1, 2, 8

MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8

RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 1, 2, 4
RESOLVE_BENEATH, RESOLVE_IN_ROOT = 8, 16

CLOSE_RANGE_CLOEXEC = 4
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE = 1, 2, 8
IOPRIO_WHO_PROCESS = 1
MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 8, 16

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36

_ARM = os.uname().machine == "aarch64"
_NR_CLONE = 220 if _ARM else 56
_NR_IOPRIO_SET = 30 if _ARM else 251
_NR_IOPRIO_GET = 31 if _ARM else 252
_NR_CLONE3 = 435
_NR_CLOSE_RANGE = 436
_NR_PIDFD_GETFD = 438

Subject = str | bytes | int

_libc = ctypes.CDLL(None, use_errno=True)
# The interpreter lock stays held across clone3, so that the child owns it.
_libc_locked = ctypes.PyDLL(None, use_errno=True)
_long, _ulong, _int, _text = ctypes.c_long, ctypes.c_ulong, ctypes.c_int, ctypes.c_char_p

_mount = _libc.mount
_mount.argtypes = (_text, _text, _text, _ulong, _text)
_umount2 = _libc.umount2
_umount2.argtypes = (_text, _int)
_setns = _libc.setns
_setns.argtypes = (_int, _int)
_prctl = _libc.prctl
_prctl.argtypes = (_int, _ulong, _ulong, _ulong, _ulong)
_fallocate = _libc.fallocate64
_fallocate.argtypes = (_int, _int, ctypes.c_int64, ctypes.c_int64)
_signalfd = _libc.signalfd
_signalfd.argtypes = (_int, ctypes.c_void_p, _int)
_sigprocmask = _libc.sigprocmask
_sigprocmask.argtypes = (_int, ctypes.c_void_p, ctypes.c_void_p)
_signal = _libc.signal
_signal.argtypes = (_int, _ulong)
_signal.restype = _ulong
_syscall = _libc.syscall
_syscall.restype = _long
_syscall_locked = _libc_locked.syscall
_syscall_locked.restype = _long


def _fail(subject: Subject | None) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), subject)


def _bytes(text: str | bytes) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if b"\0" in raw:
        # ctypes would cut the text at the NUL and act on another object.
        raise ValueError("embedded null byte")
    return raw


def _maybe(text: str | bytes | None) -> bytes | None:
    return None if text is None else _bytes(text)


def mount(
    source: str | bytes | None,
    target: str | bytes,
    fstype: str | bytes | None,
    flags: int,
    data: str | bytes | None = None,
) -> None:
    """Man 2 mount."""
    raw = _bytes(target)
    if _mount(_maybe(source), raw, _maybe(fstype), flags, _maybe(data)) < 0:
        raise _fail(target)


def umount2(target: str | bytes, flags: int) -> None:
    """Man 2 umount2."""
    if _umount2(_bytes(target), flags) < 0:
        raise _fail(target)


def setns(fd: int, flags: int) -> None:
    """Man 2 setns on a pidfd or a namespace descriptor."""
    if _setns(fd, flags) < 0:
        raise _fail(fd)


_clone_args = struct.Struct("11Q")


def clone3(flags: int, *, cgroup: int | None = None, pidfd: bool = False) -> tuple[int, int]:
    """Man 2 clone3 like fork: (pid, pidfd) in the parent, (0, -1) in the child; -1: no pidfd.

    Only for a process with one thread: Python's after-fork steps do not run, and the
    child must end in exec or `os._exit`. Kernels before 5.3 get clone(2), which knows
    neither a cgroup nor the pidfd.
    """
    slot = ctypes.c_int(-1)
    pidfd_at = 0
    if pidfd:
        flags |= CLONE_PIDFD
        pidfd_at = ctypes.addressof(slot)
    if cgroup is not None:
        flags |= CLONE_INTO_CGROUP
    # A sibling's end is told by the signal that ours is.
    sigchld = 0 if flags & CLONE_PARENT else int(signal.SIGCHLD)
    packed = _clone_args.pack(flags, pidfd_at, 0, 0, sigchld, 0, 0, 0, 0, 0, cgroup or 0)
    pid = _syscall_locked(_NR_CLONE3, packed, _clone_args.size)
    if pid < 0 and ctypes.get_errno() == 38 and cgroup is None and not pidfd:  # ENOSYS
        pid = clone(flags)
    if pid < 0:
        raise _fail(f"{flags:#x}")
    return pid, slot.value if pid else -1


def clone(flags: int) -> int:
    """Man 2 clone like fork, without a new stack: 0 in the child; -1 sets errno."""
    none = _ulong(0)
    word = _ulong(flags | int(signal.SIGCHLD))
    return int(_syscall_locked(_NR_CLONE, word, none, none, none, none))


def prctl(option: int, value: int | bytes = 0, third: int = 0) -> int:
    """Man 2 prctl; `value` may be a name for PR_SET_NAME."""
    buffer = None
    if isinstance(value, bytes):
        buffer = ctypes.create_string_buffer(value)
        value = ctypes.addressof(buffer)
    result = _prctl(option, value, third, 0, 0)
    if result < 0:
        raise _fail(f"prctl {option}")
    return int(result)


def set_name(name: str) -> None:
    """Name of the calling thread in /proc/PID/comm, at most 15 bytes."""
    prctl(PR_SET_NAME, name.encode()[:15])


def set_subreaper() -> None:
    """Orphans of this process's children become children of this process."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def set_parent_death_signal(signo: int) -> None:
    """The kernel sends this signal when the parent ends; exec of a setuid file clears it."""
    prctl(PR_SET_PDEATHSIG, signo)


def ioprio_set(pid: int, ioprio: int) -> None:
    """Man 2 ioprio_set for one process; class << 13 | level."""
    if _syscall(_NR_IOPRIO_SET, IOPRIO_WHO_PROCESS, pid, ioprio) < 0:
        raise _fail(pid)


def pidfd_getfd(pidfd: int, fd: int) -> int:
    """Man 2 pidfd_getfd: a duplicate of another process's descriptor, close-on-exec."""
    result = int(_syscall(_NR_PIDFD_GETFD, pidfd, fd, 0))
    if result < 0:
        raise _fail(fd)
    return result


def ioprio_get(pid: int) -> int:
    """Man 2 ioprio_get of one process."""
    result = int(_syscall(_NR_IOPRIO_GET, IOPRIO_WHO_PROCESS, pid))
    if result < 0:
        raise _fail(pid)
    return result


def fallocate(fd: int, mode: int, offset: int, length: int) -> None:
    """Man 2 fallocate with FALLOC_FL_* flags, which os.posix_fallocate lacks."""
    if _fallocate(fd, mode, offset, length) < 0:
        raise _fail(fd)


def close_range(first: int, last: int, flags: int = 0) -> None:
    """Man 2 close_range; ENOSYS before 5.9, EINVAL for CLOEXEC before 5.11."""
    if _syscall(_NR_CLOSE_RANGE, _ulong(first), _ulong(last), flags) < 0:
        raise _fail(first)


def _sigset(signals: Iterable[int]) -> "ctypes.Array[ctypes.c_char]":
    mask = 0
    for signo in signals:
        mask |= 1 << (signo - 1)
    # glibc's sigset_t is 128 bytes; the kernel reads the first eight.
    return ctypes.create_string_buffer(struct.pack("Q", mask), 128)


_NO_SIGNALS = _sigset(())


def block_signals(blocked: Iterable[int]) -> None:
    """Block exactly these signals."""
    if _sigprocmask(2, _sigset(blocked), None) < 0:  # SIG_SETMASK
        raise _fail("sigprocmask")


def unblock_signals() -> None:
    """Block none, without the enums that `signal.pthread_sigmask` builds."""
    _sigprocmask(2, _NO_SIGNALS, None)


def reset_signal(signo: int) -> None:
    """Default action for a signal, for a child that is about to execute a program."""
    _signal(signo, 0)


def signalfd(signals: Iterable[int]) -> int:
    """Man 2 signalfd, close-on-exec and not blocking; the caller blocks the signals itself."""
    fd = _signalfd(-1, _sigset(signals), os.O_CLOEXEC | os.O_NONBLOCK)
    if fd < 0:
        raise _fail("signalfd")
    return int(fd)


_PIDFD_GET_INFO = 3 << 30 | 64 << 16 | 0xFF << 8 | 11  # _IOWR(0xFF, 11, 64 bytes)
_PIDFD_INFO_EXIT = 1 << 3


def pidfd_exit_status(pidfd: int) -> int | None:
    """Raw wait status of a process that is gone, though it was not our child.

    None while it runs or is a zombie, and on kernels before 6.15, which do not say.
    """
    data = bytearray(struct.pack("Q", _PIDFD_INFO_EXIT) + bytes(56))
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, data)
    except OSError:
        return None
    mask, status = struct.unpack("Q52xi", data)
    return int(status) if mask & _PIDFD_INFO_EXIT else None


def pidfd_send_signal(pidfd: int, signo: int) -> None:
    """Man 2 pidfd_send_signal."""
    signal.pidfd_send_signal(pidfd, signo)
