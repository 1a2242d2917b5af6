"""The closed set of setup operations, and the launch request made of them.

The daemon computes an ordered list of operations (`facets/task.py` and the
launch-time facets); the launched child runs them in that order and reports the
first that fails. Plain data: building a list needs no kernel. Descriptors travel
beside the request; an operation names one by its index in `LaunchRequest.fds`.

Each class's docstring says what the child does; namespaces.c, filesystem.c, process.c and
execute.c do it, and encoding.py brings it there. Operations that take a path are for paths
that only root can change, or that the child's own rights protect; slots.py has the others.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Op:
    """Base of the operations."""


@dataclass(frozen=True, slots=True)
class JoinCgroup(Op):
    """Write "0" (the writer itself) into this `tasks` or `cgroup.procs` file."""

    path: str


@dataclass(frozen=True, slots=True)
class JoinNamespaces(Op):
    """setns(2) on a pidfd (or namespace descriptor) with these CLONE_NEW* flags."""

    fd: int
    flags: int


@dataclass(frozen=True, slots=True)
class Unshare(Op):
    """unshare(2) with these CLONE_NEW* flags."""

    flags: int


@dataclass(frozen=True, slots=True)
class UnshareUsers(Op):
    """unshare(2) of the user namespace, with maps as in /proc/PID/uid_map and gid_map.

    The maps are written by a process that stays outside, with the rights of the child.
    """

    uid_map: str
    gid_map: str


@dataclass(frozen=True, slots=True)
class Mount(Op):
    """mount(2); None for an absent source, type or data."""

    source: str | None
    target: str
    fstype: str | None
    flags: int
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Unmount(Op):
    """umount2(2) with flags; a target that is not mounted is not an error."""

    target: str
    flags: int


@dataclass(frozen=True, slots=True)
class MakeDirectory(Op):
    """mkdir(2) with exactly this mode and owner; one that exists is kept as it is."""

    path: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class MakeNode(Op):
    """mknod(2) with exactly this mode (S_IFCHR or S_IFBLK included) and owner."""

    path: str
    mode: int
    major: int
    minor: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class MakeLink(Op):
    """symlink(2)."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class WriteFile(Op):
    """Write text to an existing file (a knob); `required` False ignores failure."""

    path: str
    text: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class SetHostname(Op):
    """sethostname(2)."""

    name: str


@dataclass(frozen=True, slots=True)
class SetLimit(Op):
    """setrlimit(2); -1 is unlimited.

    Not `required` clamps to the present hard limit when the kernel refuses to raise it.
    """

    resource: int
    soft: int
    hard: int
    required: bool = True


@dataclass(frozen=True, slots=True)
class NewSession(Op):
    """setsid(2)."""


@dataclass(frozen=True, slots=True)
class SetUmask(Op):
    """umask(2)."""

    mask: int


@dataclass(frozen=True, slots=True)
class ChangeDirectory(Op):
    """chdir(2)."""

    path: str


@dataclass(frozen=True, slots=True)
class OpenStream(Op):
    """open(2) with O_NOCTTY and put the file at descriptor `stream` (0, 1 or 2).

    With `create`, a missing file is made with O_CREAT|O_EXCL and `mode`, and owned
    by uid:gid. A terminal becomes the controlling terminal of the session.
    """

    stream: int
    path: str
    flags: int
    create: bool = False
    mode: int = 0
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class UseDescriptor(Op):
    """Put passed descriptor `fd` at `stream`; a terminal becomes the controlling one."""

    stream: int
    fd: int


@dataclass(frozen=True, slots=True)
class SetScheduler(Op):
    """sched_setscheduler(2), setpriority(2) and ioprio_set(2) on itself."""

    policy: int
    priority: int
    nice: int
    ioprio: int


@dataclass(frozen=True, slots=True)
class SetCredentials(Op):
    """Supplementary groups, gid, uid, keeping permitted capabilities for the next one."""

    uid: int
    gid: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetCapabilities(Op):
    """Drop everything outside the `bounding` mask (bit N = capability N), raise `ambient`.

    A user other than root keeps only the ambient ones.
    """

    bounding: int
    ambient: int


@dataclass(frozen=True, slots=True)
class Execute(Op):
    """Find a program in PATH of `env` and execute it.

    `command` is expanded by wordexp(3) (no commands, no undefined variables) with `env`
    as environment; `argv` is taken verbatim when `command` is None. With `reaper` the
    static reaper stays behind as parent (pid 1 of the namespace) and the program is its
    child.
    """

    command: str | None
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    reaper: bool


@dataclass(frozen=True, slots=True)
class Rest(Op):
    """Execute the static reaper with nothing to run: a meta container's process."""


@dataclass(frozen=True, slots=True)
class Finish(Op):
    """End without a program: the run of operations was all.

    The child's namespaces of these kinds (CLONE_NEW* flags of mount, network, user, ipc,
    uts, cgroup) are pinned under the request's name. With 0 nothing is kept.
    """

    namespaces: int = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """A namespace that the master keeps, in place of a descriptor of ours.

    name -- of the run that made it
    flag -- its kind, a CLONE_NEW* flag
    """

    name: str
    flag: int


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """One container's start, or a run that ends in `Finish`.

    launch_id   -- the daemon's name for it; exits, or pins, are reported under this name
    clone_flags -- CLONE_NEW* flags for clone3(2) itself (CLONE_NEWPID or 0)
    pid_ns      -- index of a pidfd whose pid namespace the child is born in, or None
    cgroup_fd   -- index of a cgroup v2 directory descriptor for CLONE_INTO_CGROUP, or None
    ops         -- in the order in which they run
    fds         -- what operations name by index: descriptors, of which the sender closes
                   its own afterwards, and pinned namespaces
    timeout     -- seconds until a child that has not finished its setup is killed
    """

    launch_id: str
    ops: tuple[Op, ...]
    clone_flags: int = 0
    pid_ns: int | None = None
    cgroup_fd: int | None = None
    fds: tuple[int | Pin, ...] = ()
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Launched:
    """A successful launch: pids in the launcher's pid namespace, start times in ticks.

    init is the launcher's child (the reaper or the task itself), task the main task
    (0 for `Rest`), task_vpid the main task as its own namespace sees it.
    """

    launch_id: str
    init_pid: int
    init_start: int
    task_pid: int
    task_start: int
    task_vpid: int


class LaunchFailed(Exception):
    """The first operation that failed.

    op      -- class name of the operation, or "timeout"
    errno   -- of the system call, 0 when it is not a system error
    subject -- names the path, value or program
    """

    def __init__(self, launch_id: str, op: str, errno: int, subject: str) -> None:
        super().__init__(f"{op} {subject}: errno {errno}")
        self.launch_id = launch_id
        self.op = op
        self.errno = errno
        self.subject = subject


LaunchOutcome = Launched | LaunchFailed


@dataclass(frozen=True, slots=True)
class PinnedNamespace:
    """Which namespace it is: the kind, and its file in /proc/PID/ns by stat(2)."""

    flag: int
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended in `Finish`: what is pinned under its name."""

    launch_id: str
    namespaces: tuple[PinnedNamespace, ...]


RunOutcome = Finished | LaunchFailed


@dataclass(frozen=True, slots=True)
class Exited:
    """A launched container's child is gone.

    status is the raw wait status of the *main task*: the reaper's own report is
    already translated, so a signal and an exit code above 128 are told apart.
    """

    launch_id: str
    pid: int
    status: int
