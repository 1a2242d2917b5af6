"""Operations on slots: directories and mounts that the child has opened, by number.

Like ops.py, for paths that somebody else can change: such a path is opened once, beneath a
directory, with the rights that the child has at that point of the list, and used through
the descriptor. A slot is a number that the daemon chooses, below 64. It is filled once;
using one that is not open, or filling one that is, fails with the slot's number. Nothing
of it is left to the program.

A `path` is relative to the slot `at`. Where nothing else is said, it may not leave what is
beneath it, and no component may be a link: the kernel answers EXDEV or ELOOP. man 2 openat2.

What the child does is in slots.c, beneath.c and mounts.c.
"""

from dataclasses import dataclass

from porto.launcher.ops import Op

NO_SLOT = -1
"""In place of a slot, where one may be absent."""


@dataclass(frozen=True, slots=True)
class FillSlot(Op):
    """Put a copy of passed descriptor `fd` into a slot."""

    slot: int
    fd: int


@dataclass(frozen=True, slots=True)
class OpenSlot(Op):
    """openat2(2) with these O_*, RESOLVE_* and, if one is made, mode bits, into a slot.

    The path is as `resolve` says; without a slot (`at` is NO_SLOT) it is absolute.
    """

    slot: int
    at: int
    path: str
    flags: int
    resolve: int
    mode: int = 0


@dataclass(frozen=True, slots=True)
class EmptySlot(Op):
    """Close what is in a slot, which may be filled again."""

    slot: int


@dataclass(frozen=True, slots=True)
class ChangeDirectoryAt(Op):
    """fchdir(2) to a slot."""

    at: int


@dataclass(frozen=True, slots=True)
class ChangeRoot(Op):
    """fchdir(2) to a slot, then chroot(2) to it."""

    at: int


@dataclass(frozen=True, slots=True)
class PivotRoot(Op):
    """Make the slot's mount the root (pivot_root ".", "."), detach the old one, chdir /."""

    at: int


@dataclass(frozen=True, slots=True)
class MakeDirectoriesAt(Op):
    """mkdirat(2) of each component that is missing, with exactly this mode and owner.

    Those that exist are kept as they are. No component may be "." or "..".
    """

    at: int
    path: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class MakeNodeAt(Op):
    """mknodat(2) with exactly this mode (S_IFCHR or S_IFBLK included) and owner."""

    at: int
    path: str
    mode: int
    major: int
    minor: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class MakeLinkAt(Op):
    """symlinkat(2); the target may be any text."""

    at: int
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class MakeFileAt(Op):
    """An empty regular file with exactly this mode and owner; one that exists is kept."""

    at: int
    path: str
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class WriteFileAt(Op):
    """Write text to an existing regular file that has no second name."""

    at: int
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class OpenStreamAt(Op):
    """Open a regular file with no second name and put it at descriptor `stream` (0, 1, 2).

    Anything else in its place is refused at once: a link, a directory, a device, a FIFO
    (EINVAL, or ENXIO without a reader), a hard link (EMLINK). With `create`, a missing file
    is made with O_CREAT|O_EXCL and `mode`, and owned by uid:gid.
    """

    stream: int
    at: int
    path: str
    flags: int
    create: bool = False
    mode: int = 0
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class CloneTree(Op):
    """open_tree(2) with OPEN_TREE_CLONE of the directory or file `at` into a slot.

    A copy of the mount, attached nowhere; with `recursive` of all mounts below, too.
    """

    slot: int
    at: int
    recursive: bool


@dataclass(frozen=True, slots=True)
class NewFilesystem(Op):
    """fsopen(2), fsconfig(2) and fsmount(2): a new mount, attached nowhere, in a slot.

    options    -- "key=value", or "key" for a flag; "source=..." is one of them
    attributes -- MOUNT_ATTR_* bits
    """

    slot: int
    fstype: str
    options: tuple[str, ...]
    attributes: int


@dataclass(frozen=True, slots=True)
class SetMountAttributes(Op):
    """mount_setattr(2) of the mount `at`; with `recursive` of all below it, or of none.

    set, clear  -- MOUNT_ATTR_* bits
    propagation -- MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0
    user_ns     -- slot of a user namespace whose map the mount gets (MOUNT_ATTR_IDMAP)
    """

    at: int
    set: int
    clear: int
    propagation: int
    recursive: bool
    user_ns: int = NO_SLOT


@dataclass(frozen=True, slots=True)
class MoveMount(Op):
    """move_mount(2): attach or move the mount in a slot onto the directory or file `at`."""

    slot: int
    at: int


@dataclass(frozen=True, slots=True)
class DetachMount(Op):
    """umount2(2) with MNT_DETACH of the mount whose root directory is in a slot."""

    at: int
