"""Device access on v2: rules to a BPF program attached to the container's directory.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/devices.py`. v2 has no knobs for
devices: the kernel asks the programs of a task's group and of all groups above, and
each must allow. Kernel: admin-guide/cgroup-v2.rst, "Device controller";
include/uapi/linux/bpf.h, bpf_cgroup_dev_ctx.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from porto.kernel.cgroup import bpf
from porto.kernel.cgroup.bpf import R0, R1, R2, R3, R4, R5, Program
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.meaning.devices import EVERYTHING, text_of
from porto.spec.device_rules import ALL, DEFAULTS, Rule, Rules

NAME = "porto_devices"
"""Of our programs; others in our directories are left alone: they can only refuse."""
_KINDS = {"b": 1, "c": 2}
_TYPE_MASK, _ACCESS_SHIFT = 0xFFFF, 16
_TEXTS_MAX = 4096

CANONICAL: Mapping[str, Callable[[str], str]] = {}


class Programs(Protocol):
    """What `bpf.DevicePrograms` does."""

    def tag(self, code: bytes, name: str) -> bytes:
        """The kernel's digest of a program."""

    def attached(self, directory: str) -> list[Program]:
        """The programs of a directory."""

    def attach(self, directory: str, code: bytes, name: str) -> Program:
        """Attach one more."""

    def detach(self, directory: str, number: int) -> None:
        """Detach one."""


def assemble(rules: Iterable[Rule]) -> bytes:
    """The program: 1 when one rule covers the device and all of the access, else 0.

    R2 is the wanted access, R3 the kind, R4 and R5 the numbers.
    """
    code = [
        bpf.load_word(R2, R1, 0),
        bpf.copy(R3, R2),
        bpf.bit_and(R3, _TYPE_MASK),
        bpf.shift_right(R2, _ACCESS_SHIFT),
        bpf.load_word(R4, R1, 4),
        bpf.load_word(R5, R1, 8),
    ]
    for rule in rules:
        code += _test(rule)
    return b"".join([*code, bpf.move(R0, 0), bpf.leave()])


def _test(rule: Rule) -> list[bytes]:
    """Leave with 1 if the rule covers what is asked, else fall through."""
    tests: list[tuple[int, int]] = [(R3, _KINDS[rule.kind])]
    if rule.major is not None:
        tests.append((R4, rule.major))
    if rule.minor is not None:
        tests.append((R5, rule.minor))
    excess: list[bytes] = []
    if rule.access != ALL:
        tests.append((R1, 0))
        excess = [bpf.copy(R1, R2), bpf.bit_and(R1, ALL & ~rule.access)]
    body = [bpf.move(R0, 1), bpf.leave()]
    for register, value in reversed(tests):
        body.insert(0, bpf.jump_unless_equal(register, value, len(body)))
        if register == R1:
            body[:0] = excess
    return body


class DevicesV2:
    """See `meaning.devices.Devices`."""

    knob = "device program"
    announced = False

    def __init__(self, files: GroupFiles, programs: Programs | None = None) -> None:
        self._files = files
        self._programs = bpf.DevicePrograms() if programs is None else programs
        self._tags: dict[Rules, bytes] = {}
        self._texts: dict[bytes, str] = {}
        self._lacking: str | None = None

    def offered(self, directory: str) -> bool:
        """Whether the kernel runs such programs for our groups; `directory` is their top."""
        try:
            self._programs.attached(directory)
            self._tag(DEFAULTS)
        except OSError as error:
            self._lacking = f"this kernel runs no device programs for cgroups: {error.strerror}"
            return False
        return True

    def unsupported(self) -> Mapping[str, str]:
        """The controller, without such programs."""
        return {} if self._lacking is None else {"devices": self._lacking}

    def render(self, rules: Rules) -> str:
        """The rules; their program's tag is learnt, by which `state` knows it again."""
        self._tag(rules)
        return text_of(rules)

    def state(self, group: Group) -> str:
        """The rules of our program; the tag of one that is not known."""
        texts = [self._text(program) for program in self._ours(group)]
        return " + ".join(texts) if texts else EVERYTHING

    def enforce(self, group: Group, rules: Rules) -> None:
        """Attach the new program, then detach the others of ours.

        While both are there both must allow, so the group is never without one.
        """
        directory = group.directories["devices"]
        tag = self._tag(rules)
        ours = self._ours(group)
        kept = next((program for program in ours if program.tag == tag), None)
        if kept is None:
            kept = self._programs.attach(directory, assemble(rules), NAME)
        for program in ours:
            if program.id != kept.id:
                self._programs.detach(directory, program.id)

    def _ours(self, group: Group) -> list[Program]:
        found = self._programs.attached(group.directories["devices"])
        return [program for program in found if program.name == NAME]

    def _text(self, program: Program) -> str:
        return self._texts.get(program.tag, f"program {program.tag.hex()}")

    def _tag(self, rules: Rules) -> bytes:
        tag = self._tags.get(rules)
        if tag is None:
            tag = self._programs.tag(assemble(rules), NAME)
            if len(self._tags) >= _TEXTS_MAX:
                self._tags.clear()
                self._texts.clear()
            self._tags[rules] = tag
            self._texts[tag] = text_of(rules)
        return tag
