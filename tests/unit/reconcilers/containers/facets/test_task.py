"""What the user is told about a launch that failed."""

import errno
from types import SimpleNamespace
from typing import Any

import pytest

from porto.launcher.ops import LaunchFailed
from porto.reconcilers.containers.facets.task import launch_error
from porto.spec.errors import (
    InvalidCommand,
    InvalidValue,
    NoSpace,
    NotSupported,
    PortoError,
    ResourceNotAvailable,
    Unknown,
)

TARGET: Any = SimpleNamespace(name="a")


@pytest.mark.parametrize(
    ("op", "code", "kind", "text"),
    [
        ("Execute", errno.ENOENT, InvalidCommand, "cannot execute x: No such file or directory"),
        ("Execute", errno.ENOMEM, Unknown, "cannot execute x: Cannot allocate memory"),
        ("clone3", errno.EAGAIN, ResourceNotAvailable, "cannot make a process with x: Resource"),
        ("OpenStream", errno.EISDIR, InvalidValue, "cannot open x: Is a directory"),
        ("OpenStream", errno.ENOSPC, NoSpace, "cannot open x: No space left on device"),
        ("launcher", errno.ENOSPC, NoSpace, "cannot reach x: No space left on device"),
        ("Mount", errno.EPERM, Unknown, "cannot mount x: Operation not permitted"),
        ("Mount", errno.ENOSYS, NotSupported, "cannot mount x: Function not implemented"),
        ("timeout", 0, Unknown, "no answer in time from x"),
    ],
)
def test_the_error_says_what_failed_and_why(
    op: str, code: int, kind: type[PortoError], text: str
) -> None:
    error = launch_error(TARGET, LaunchFailed("1:1", op, code, "x"))
    assert type(error) is kind
    assert error.text.startswith(f"cannot start a: {text}")
