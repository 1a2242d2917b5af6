"""One launch from beginning to end: what a program printed, or which operation failed."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from porto.kernel import syscalls
from porto.launcher import ops
from porto.launcher.ops import LaunchFailed
from tests.kernel.masters import Link, Master, execute, request, run, shell

NS = syscalls.CLONE_NEWNS
NOBODY = 65534
PRIVATE = ops.Mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)


def stream(path: Path, number: int = 1) -> ops.Op:
    return ops.OpenStream(number, str(path), os.O_WRONLY | os.O_APPEND, True, 0o660, 0, 0)


def output(directory: Path, *operations: ops.Op, script: str, **options: object) -> str:
    """What a shell prints after these operations; it must end well."""
    path = directory / "output"

    async def body(master: Master, link: Link) -> None:
        operation = shell(script, reaper=bool(options.get("clone_flags")))
        wanted = request("t:1", stream(path), *operations, operation, **options)
        await link.client.launch(wanted)
        assert await link.exit_of("t:1") == 0, path.read_text()

    run(directory, body)
    return path.read_text()


def failure(directory: Path, *operations: ops.Op, **options: object) -> LaunchFailed:
    """The report of the first failing operation."""

    return failures(directory, [operations], **options)[0]


def failures(
    directory: Path, lists: Sequence[Sequence[ops.Op]], **options: object
) -> list[LaunchFailed]:
    """The same of several launches of one master."""

    async def body(master: Master, link: Link) -> list[LaunchFailed]:
        found = []
        for operations in lists:
            with pytest.raises(LaunchFailed) as caught:
                await link.client.launch(request("t:1", *operations, execute("true"), **options))
            found.append(caught.value)
        # A failed launch leaves nothing: the same name can be used again at once.
        await link.client.launch(request("t:1", command="true"))
        assert await link.exit_of("t:1") == 0
        return found

    return run(directory, body)
