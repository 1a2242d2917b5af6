"""portoctl: global options, dispatch, and how every command ends.

The console script calls `main`; commands are found in `commands`, imported only when
called, and return their exit status. A failed request ends with its error's number (as
the system cuts it, modulo 256), anything else wrong with 1. Manual page portoctl(8).
"""

from __future__ import annotations

import os
import sys

from porto.cli.portoctl.commands import COMMANDS, OPTIONS_ANYWHERE
from porto.cli.portoctl.remote import Remote
from porto.client.exceptions import PortoException

DEFAULT_SOCKET = "/run/portod.socket"

_INTERRUPTED = 130
_HELP_WORDS = ("-h", "--help", "help")


class _BadUsage(Exception):
    """Global options that make no sense."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command line and return the exit status."""
    try:
        # Output of containers need not be UTF-8 and must come out as it went in.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
        status = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it flushes
        # standard output at exit, so that must have somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def complain(text: str) -> None:
    """Tell the user what is wrong."""
    sys.stdout.flush()
    print(text, file=sys.stderr)


def _run(arguments: list[str]) -> int:
    try:
        path, timeout, words = _global_options(arguments)
    except _BadUsage as error:
        complain(str(error))
        return 1
    with Remote(path, timeout) as remote:
        if not words:
            return _usage(remote, 1)
        name, rest = words[0], words[1:]
        if name in ("-h", "--help"):
            return _usage(remote, 0)
        if name in ("-v", "--version"):
            name = "version"
        if name == "help":
            return _help(remote, rest)
        if name not in COMMANDS:
            return _external(name, rest, path)
        return _command(remote, name, rest)


def _global_options(arguments: list[str]) -> tuple[str, float | None, list[str]]:
    path = os.environ.get("PORTO_SOCKET") or DEFAULT_SOCKET
    timeout: float | None = None
    words = list(arguments)
    while words and words[0].startswith("-"):
        option, equals, value = words[0].partition("=")
        if option not in ("-t", "--timeout", "--disk-timeout", "--socket"):
            if option in ("-h", "--help", "-v", "--version"):
                break
            raise _BadUsage(f"unknown option {option}; try portoctl --help")
        del words[0]
        if not equals:
            if not words:
                raise _BadUsage(f"option {option} needs a value")
            value = words.pop(0)
        if option == "--socket":
            path = value
            continue
        try:
            seconds = float(value)
        except ValueError:
            raise _BadUsage(f"cannot set {option} to {value!r}: not a number") from None
        if not 0 <= seconds < 1e9:
            raise _BadUsage(f"cannot set {option} to {value!r}: out of range")
        if option != "--disk-timeout":
            timeout = seconds
    return path, timeout, words


def _command(remote: Remote, name: str, arguments: list[str]) -> int:
    module, function, spec, least, _, _ = COMMANDS[name]
    options: dict[str, list[str]] = {}
    if arguments and arguments[0] in _HELP_WORDS:
        return _help(remote, [name], status=1)
    if spec:
        from porto.cli.portoctl.usage import UnknownOption, parse

        try:
            options, arguments = parse(spec, arguments, OPTIONS_ANYWHERE.get(name))
        except UnknownOption as error:
            complain(f"portoctl {name}: {error}")
            return _usage(remote, 1)
    if len(arguments) < least:
        return _help(remote, [name], status=1)
    from importlib import import_module

    run = getattr(import_module(f"porto.cli.portoctl.{module}"), function)
    try:
        status: int = run(remote, options, arguments)
    except PortoException as error:
        complain(f"Cannot {name}: {error}")
        return error.EID or 1
    return status


def _help(remote: Remote, arguments: list[str], *, status: int = 0) -> int:
    from porto.cli.portoctl.usage import command_usage

    if not arguments or arguments[0] not in COMMANDS:
        return _usage(remote, 1)
    print(command_usage(arguments[0]))
    return status


def _usage(remote: Remote, status: int) -> int:
    from porto.cli.portoctl.usage import general_usage

    print(general_usage(remote))
    return status


def _external(name: str, arguments: list[str], path: str) -> int:
    """Commands of other packages: portoctl-NAME in porto's directory or in PATH."""
    if "/" not in name and name.strip():
        os.environ["PORTO_SOCKET"] = path
        directories = ["/usr/lib/porto", *os.environ.get("PATH", os.defpath).split(os.pathsep)]
        for directory in directories:
            program = os.path.join(directory or ".", f"portoctl-{name}")
            if os.access(program, os.X_OK) and os.path.isfile(program):
                sys.stdout.flush()
                os.execv(program, [program, *arguments])
    complain(f"Invalid command: {name}; portoctl --help lists them")
    return 1
