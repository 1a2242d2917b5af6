"""bpf(2) for device programs of v2 cgroups: assembler, load, attach, read back.

Called by `cgroup/v2/devices.py`. No descriptor outlives a call: an attached program
belongs to its cgroup, and goes with it. Kernel: include/uapi/linux/bpf.h,
Documentation/bpf/; man 2 bpf.
"""

import contextlib
import ctypes
import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ARM = os.uname().machine == "aarch64"
_NR_BPF = 280 if _ARM else 321
_PROG_LOAD, _PROG_ATTACH, _PROG_DETACH = 5, 8, 9
_PROG_GET_FD_BY_ID, _GET_INFO_BY_FD, _PROG_QUERY = 13, 15, 16
_TYPE_CGROUP_DEVICE = 15
_ATTACH_CGROUP_DEVICE = 6
_ALLOW_MULTI = 2
"""Programs of other people, above and beside, keep their say: all must allow."""
_ATTRIBUTES = 128
"""The kernel takes more than it knows, as long as the rest is zero."""
_INFO_BYTES = 256
_INFO_TAG = slice(8, 16)
_INFO_NAME = slice(64, 80)
PROGRAMS_MAX = 64
"""The kernel's BPF_CGROUP_MAX_PROGS."""
NAME_MAX_BYTES = 15
CACHED_MAX = 8192

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_Ids = ctypes.c_uint32 * PROGRAMS_MAX
_instruction = struct.Struct("=BBhi")


@dataclass(frozen=True, slots=True)
class Program:
    """A program attached to a cgroup; `tag` is the kernel's digest of its instructions."""

    id: int
    name: str
    tag: bytes


# -- assembler -------------------------------------------------------------------

R0, R1, R2, R3, R4, R5 = range(6)


def load_word(to: int, base: int, offset: int) -> bytes:
    """Register `to` = the 32 bits at base + offset."""
    return _instruction.pack(0x61, to | base << 4, offset, 0)


def move(to: int, value: int) -> bytes:
    """Register `to` = value."""
    return _instruction.pack(0xB7, to, 0, value)


def copy(to: int, source: int) -> bytes:
    """Register `to` = register source."""
    return _instruction.pack(0xBF, to | source << 4, 0, 0)


def bit_and(to: int, mask: int) -> bytes:
    """Register `to` &= mask."""
    return _instruction.pack(0x57, to, 0, mask)


def shift_right(to: int, count: int) -> bytes:
    """Register `to` >>= count, unsigned."""
    return _instruction.pack(0x77, to, 0, count)


def jump_unless_equal(register: int, value: int, offset: int) -> bytes:
    """Skip `offset` instructions when register != value."""
    return _instruction.pack(0x55, register, offset, value)


def leave() -> bytes:
    """Return R0."""
    return _instruction.pack(0x95, 0, 0, 0)


INSTRUCTION_BYTES = _instruction.size


# -- the kernel ------------------------------------------------------------------


class DevicePrograms:
    """Device programs of cgroup directories. Methods raise OSError with the directory."""

    def __init__(self) -> None:
        # An id is given out again only after 2^31 others.
        self._known: dict[int, Program] = {}
        self._tags: dict[bytes, bytes] = {}
        self._last: dict[bytes, int] = {}

    def tag(self, code: bytes, name: str) -> bytes:
        """The kernel's digest of a program; the first time it is loaded, and dropped again.

        How it is computed is the kernel's own affair, and has changed.
        """
        tag = self._tags.get(code)
        if tag is None:
            descriptor = _load(code, name)
            try:
                tag = _info(descriptor).tag
            finally:
                os.close(descriptor)
            if len(self._tags) >= CACHED_MAX:
                self._tags.clear()
            self._tags[code] = tag
        return tag

    def attached(self, directory: str) -> list[Program]:
        """The programs attached to the directory itself, in their order."""
        with _opened(directory) as cgroup:
            ids = _query(cgroup, directory)
        return [program for number in ids if (program := self._find(number)) is not None]

    def attach(self, directory: str, code: bytes, name: str) -> Program:
        """Attach a program beside those that are there; equal ones share memory."""
        descriptor = self._equal(code, name)
        try:
            program = _info(descriptor)
            with _opened(directory) as cgroup:
                packed = struct.pack("=4I", cgroup, descriptor, _ATTACH_CGROUP_DEVICE, _ALLOW_MULTI)
                _bpf(_PROG_ATTACH, packed, directory)
        finally:
            os.close(descriptor)
        self._remember(program)
        return program

    def detach(self, directory: str, number: int) -> None:
        """Detach one program; one that is not there is fine."""
        try:
            descriptor = _descriptor(number)
        except FileNotFoundError:
            return
        try:
            with _opened(directory) as cgroup:
                packed = struct.pack("=4I", cgroup, descriptor, _ATTACH_CGROUP_DEVICE, 0)
                _bpf(_PROG_DETACH, packed, directory)
        except FileNotFoundError:
            return
        finally:
            os.close(descriptor)

    def _equal(self, code: bytes, name: str) -> int:
        """A descriptor of this program, of one that is loaded already where possible."""
        tag = self.tag(code, name)
        last = self._last.get(tag)
        if last is not None:
            with contextlib.suppress(FileNotFoundError):
                shared = _descriptor(last)
                # The number may stand for another program by now.
                with contextlib.suppress(OSError):
                    if _info(shared) == Program(last, name, tag):
                        return shared
                os.close(shared)
        return _load(code, name)

    def _find(self, number: int) -> Program | None:
        """What is known of a program; None when it is gone by now."""
        program = self._known.get(number)
        if program is None:
            try:
                descriptor = _descriptor(number)
            except FileNotFoundError:
                return None
            try:
                program = _info(descriptor)
            finally:
                os.close(descriptor)
            self._remember(program)
        return program

    def _remember(self, program: Program) -> None:
        if len(self._known) >= CACHED_MAX:
            self._known.clear()
            self._last.clear()
        self._known[program.id] = program
        self._last[program.tag] = program.id


@contextlib.contextmanager
def _opened(directory: str) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _bpf(command: int, attributes: bytes, subject: str) -> tuple[int, bytes]:
    """The system call; its result, and the attributes as the kernel left them."""
    buffer = ctypes.create_string_buffer(attributes, _ATTRIBUTES)
    result = _syscall(_NR_BPF, command, buffer, _ATTRIBUTES)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), subject)
    return int(result), buffer.raw


def _load(code: bytes, name: str) -> int:
    program = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"")
    attributes = struct.pack(
        "=IIQQIIQII16s",
        _TYPE_CGROUP_DEVICE,
        len(code) // INSTRUCTION_BYTES,
        ctypes.addressof(program),
        ctypes.addressof(licence),
        0,
        0,
        0,
        0,
        0,
        name.encode()[:NAME_MAX_BYTES],
    )
    return _bpf(_PROG_LOAD, attributes, f"BPF program {name}")[0]


def _descriptor(number: int) -> int:
    attributes = struct.pack("=3I", number, 0, 0)
    return _bpf(_PROG_GET_FD_BY_ID, attributes, f"BPF program {number}")[0]


def _info(descriptor: int) -> Program:
    info = ctypes.create_string_buffer(_INFO_BYTES)
    attributes = struct.pack("=IIQ", descriptor, _INFO_BYTES, ctypes.addressof(info))
    _bpf(_GET_INFO_BY_FD, attributes, "BPF program")
    number = int(struct.unpack_from("=I", info, 4)[0])
    name = info.raw[_INFO_NAME].partition(b"\0")[0].decode(errors="replace")
    return Program(number, name, info.raw[_INFO_TAG])


def _query(cgroup: int, directory: str) -> list[int]:
    ids = _Ids()
    attributes = struct.pack(
        "=4IQI", cgroup, _ATTACH_CGROUP_DEVICE, 0, 0, ctypes.addressof(ids), PROGRAMS_MAX
    )
    _, answer = _bpf(_PROG_QUERY, attributes, directory)
    count = int(struct.unpack_from("=I", answer, 24)[0])
    if count > PROGRAMS_MAX:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), directory)
    return list(ids[:count])
