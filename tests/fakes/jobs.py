"""Programs of jobs in memory, and an event loop whose time goes by when nothing else does.

`FakePrograms` keeps the promises of `jobs.ProgramRunner`, to which
tests/contract/test_jobs_programs.py holds it. A program says what it does in its words:
("say", CODE, LINE...) writes lines and ends, ("hang",) runs until a test ends it or it is
killed, as does every other program.
"""

import asyncio
import os
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

from porto.kernel.process.programs import Program
from porto.reconcilers.engine.jobs import Ended


def say(code: int, *lines: str) -> Program:
    return Program(("say", str(code), *lines))


HANG = Program(("hang",))


class FakePrograms:
    """What runs, by job id; ids and programs as they were started; ids left by another daemon."""

    def __init__(self, left: list[str] | None = None) -> None:
        self.running: dict[str, asyncio.Future[Ended]] = {}
        self.told: dict[str, Callable[[str], None]] = {}
        self.started: list[str] = []
        self.programs: list[Program] = []
        self.left = left or []
        self.slow_to_die: asyncio.Event | None = None

    async def run(self, job_id: str, program: Program, told: Callable[[str], None]) -> Ended:
        assert job_id not in self.running, f"{job_id} runs twice"
        for opener in program.descriptors:
            os.close(opener())
        self.started.append(job_id)
        self.programs.append(program)
        verb, *words = program.argv
        if verb == "say":
            for line in words[1:]:
                told(line)
            return Ended(int(words[0]))
        self.running[job_id] = asyncio.get_running_loop().create_future()
        self.told[job_id] = told
        try:
            return await self.running[job_id]
        finally:
            if self.slow_to_die is not None:
                await self.slow_to_die.wait()
            del self.running[job_id], self.told[job_id]

    async def recover(self) -> list[str]:
        left, self.left = self.left, []
        return left

    def end(self, job_id: str, code: int = 0, errors: str = "") -> None:
        """The program of a job ends."""
        self.running[job_id].set_result(Ended(code, errors))


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, for nothing that could come"
        self._loop.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock jumps to the next timer when all that can run has run."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


def run_virtual(work: Coroutine[Any, Any, None]) -> None:
    """Run a test in virtual time; it must not wait for other threads or processes."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)
