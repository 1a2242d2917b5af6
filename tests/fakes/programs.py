"""Device programs of v2 cgroups, in memory: what `porto.kernel.cgroup.bpf` does on the kernel."""

import hashlib

from porto.kernel.cgroup.bpf import Program
from tests.fakes import bpf_machine


class FakePrograms:
    """Attached programs by directory; `refuse` is raised by the next call."""

    def __init__(self) -> None:
        self.code: dict[int, bytes] = {}
        self.directories: dict[str, list[Program]] = {}
        self.refuse: OSError | None = None
        self.fewest: dict[str, int] = {}

    def tag(self, code: bytes, name: str) -> bytes:
        self._enter()
        return hashlib.sha256(code).digest()[:8]

    def attached(self, directory: str) -> list[Program]:
        self._enter()
        return list(self.directories.get(directory, ()))

    def attach(self, directory: str, code: bytes, name: str) -> Program:
        self._enter()
        number = len(self.code) + 1
        self.code[number] = code
        program = Program(number, name, self.tag(code, name))
        self.directories.setdefault(directory, []).append(program)
        return program

    def detach(self, directory: str, number: int) -> None:
        self._enter()
        left = [p for p in self.directories[directory] if p.id != number]
        self.directories[directory] = left
        self.fewest[directory] = min(len(left), self.fewest.get(directory, len(left)))

    def permits(self, directory: str, kind: str, major: int, minor: int, access: int) -> bool:
        """What a task in the directory may do: all programs must allow."""
        return all(
            bpf_machine.run(self.code[program.id], kind, major, minor, access)
            for program in self.directories.get(directory, ())
        )

    def _enter(self) -> None:
        if self.refuse is not None:
            error, self.refuse = self.refuse, None
            raise error
