"""The command portod: runs and controls the daemon.

Reads the configuration, which takes heavy imports, and then either executes the master
in its own place (exec gives the memory back) or signals a running one. Manual: portod,
commands and options; `cli/control.py` and `cli/queries.py` do the work.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from porto.cli import queries
from porto.cli.control import Control
from porto.cli.instance import Instance
from porto.launcher.settings import Settings
from porto.version import REVISION, VERSION

if TYPE_CHECKING:
    from porto.spec.config import Config

USAGE = """\
Usage: portod [options...] <command> [arguments...]

Options:
  -h, --help          print this text
  -v, --version       print the version
  --config FILE       read this file instead of the default ones, may be repeated
  --stdlog            log to standard error
  --verbose, --debug  log more
  --norespawn         end when the daemon ends
  --discard           destroy all containers at first start
  --timeout N         seconds for start, stop, reload and upgrade
  --allow-container   start although this is a container

Commands:
  daemon              run in the foreground (default)
  start               start in the background, wait until it answers
  stop                destroy all containers and end
  kill                end at once, containers keep running
  restart             stop, start
  reload              new configuration, containers keep running
  upgrade             replace the running program by this one
  reopenlog           open the log file again
  status              print running, stopped or unknown
  version             print our version and that of the running daemon
  dump                print the stored records
  get                 print the state of the daemon
  set KEY VALUE       set verbose, debug or frozen to true or false
  clearstat [NAME]    reset one counter, or all
  freeze, unfreeze    refuse changes, accept them again
  help                print this text
"""

OLDEST_KERNEL = (5, 11)
"""Where everything is that is used without asking: close_range with CLOSE_RANGE_CLOEXEC
(5.11), setns on a pidfd (5.8), CLONE_INTO_CGROUP (5.7), pidfd_getfd (5.6), clone3 and
pidfd_open (5.3). What a kernel may lack beyond that is probed."""

_STARTS = frozenset({"daemon", "start", "restart", "upgrade"})


@dataclass(slots=True)
class Options:
    """What the command line says before the command."""

    config: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    timeout_s: float | None = None
    command: str = "daemon"
    arguments: list[str] = field(default_factory=list)


class UsageError(Exception):
    """The command line is not understood."""


def parse(words: Sequence[str]) -> Options:
    """Options, command, arguments. Raises UsageError."""
    found = Options()
    rest = list(words)
    while rest and rest[0].startswith("-"):
        word, given, value = rest.pop(0).partition("=")
        if word in ("-h", "--help", "-v", "--version") and not given:
            found.command = "help" if word in ("-h", "--help") else "versions"
            return found
        if word in ("--config", "--timeout"):
            if not given:
                if not rest:
                    raise UsageError(f"{word} needs a value")
                value = rest.pop(0)
            if word == "--config":
                found.config.append(os.path.abspath(value))
            elif value.isdecimal() and int(value) > 0:
                found.timeout_s = float(value)
            else:
                raise UsageError(f"--timeout is no number of seconds: {value!r}")
        elif word in _FLAGS and not given:
            found.flags.add(word[2:])
        else:
            raise UsageError(f"Unknown option: {word}")
    if rest:
        found.command, *found.arguments = rest
    return found


_FLAGS = frozenset(
    {"--stdlog", "--verbose", "--debug", "--norespawn", "--discard", "--allow-container"}
)


def refusal(
    *, release: str, uid: int, init_environment: bytes, allow_container: bool
) -> str | None:
    """Why portod must not run here, or None.

    init_environment -- of pid 1: container managers set container= there
    """
    if uid != 0:
        return "portod must be started by root"
    numbers = release.split("-")[0].split(".")
    version = tuple(int(n) for n in numbers[:2] if n.isdecimal())
    if len(version) == 2 and version < OLDEST_KERNEL:
        return f"Linux {release} is too old: portod needs {'.'.join(map(str, OLDEST_KERNEL))}"
    in_container = any(v.startswith(b"container=") for v in init_environment.split(b"\0"))
    if in_container and not allow_container:
        return "portod cannot run in a container (see --allow-container)"
    return None


def _refused_here(options: Options) -> str | None:
    try:
        with open("/proc/1/environ", "rb") as file:
            environment = file.read()
    except OSError:
        environment = b""
    return refusal(
        release=os.uname().release,
        uid=os.geteuid(),
        init_environment=environment,
        allow_container="allow-container" in options.flags,
    )


def program() -> str:
    """The file that runs this program: what RUNTIME/portod points to."""
    return os.path.realpath(sys.argv[0])


def settings_of(options: Options, config: "Config") -> Settings:
    """What the master is told."""
    paths, flags = config.paths, options.flags
    kept = [f"--{flag}" for flag in ("stdlog", "verbose", "debug", "norespawn") if flag in flags]
    files = [word for path in options.config for word in ("--config", path)]
    return Settings(
        runtime=paths.runtime,
        socket=paths.socket,
        log=paths.log,
        master_pid=paths.master_pid,
        daemon_pid=paths.daemon_pid,
        program=program(),
        version=version_text(),
        backlog=config.daemon.max_clients,
        respawn_delay_ms=config.container.respawn_delay_ms,
        stop_timeout_s=config.daemon.portod_stop_timeout,
        stdlog="stdlog" in flags,
        verbose="verbose" in flags,
        debug="debug" in flags,
        norespawn="norespawn" in flags,
        discard="discard" in flags,
        config=options.config,
        successor=[*kept, *files, "launcher-command"],
    )


def version_text() -> str:
    """``VERSION REVISION`` in one line."""
    return f"{VERSION} {REVISION}".strip()


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    try:
        options = parse(sys.argv[1:] if words is None else words)
        _check_arguments(options)
    except UsageError as error:
        print(f"{error}\n\n{USAGE}", file=sys.stderr, end="")
        return 1
    if options.command == "help":
        print(USAGE, end="")
        return 0
    if options.command == "versions":
        print(f"portod {version_text()}")
        return 0
    if options.command in _STARTS and (reason := _refused_here(options)):
        print(f"cannot start portod: {reason}", file=sys.stderr)
        return 1
    try:
        return _run(options)
    except OSError as error:
        print(f"portod {options.command}: {error}", file=sys.stderr)
        return 1


_PLAIN_COMMANDS = (
    "daemon start stop kill restart reload upgrade reopenlog status version dump get"
    " freeze unfreeze help versions launcher-command"
)
_ARGUMENTS = {
    **dict.fromkeys(_PLAIN_COMMANDS.split(), (0, 0)),
    "set": (2, 2),
    "clearstat": (0, 1),
}


def _check_arguments(options: Options) -> None:
    try:
        least, most = _ARGUMENTS[options.command]
    except KeyError:
        raise UsageError(f"Unknown command: {options.command}") from None
    if not least <= len(options.arguments) <= most:
        raise UsageError(f"Wrong number of arguments of {options.command}")


def _run(options: Options) -> int:
    from porto.api.config import ConfigError, load_config

    try:
        config = load_config(options.config or None)
    except ConfigError as error:
        print(f"cannot read configuration: {error}", file=sys.stderr)
        return 1
    paths, arguments = config.paths, options.arguments
    settings = settings_of(options, config)
    control = Control(
        instance=Instance(
            socket_path=paths.socket, master_pid=paths.master_pid, daemon_pid=paths.daemon_pid
        ),
        settings=settings,
        start_timeout_s=options.timeout_s or config.daemon.portod_start_timeout,
        stop_timeout_s=options.timeout_s or config.daemon.portod_stop_timeout,
    )
    match options.command:
        case "daemon":
            return control.run_master()
        case "launcher-command":
            return control.launcher_command()
        case "version":
            running = os.path.realpath(settings.link) if os.path.lexists(settings.link) else None
            return queries.version(
                paths.socket, own=f"{version_text()} {program()}", running_program=running
            )
        case "dump":
            return queries.dump(paths.store)
        case "get":
            return queries.system(paths.socket)
        case "set":
            return queries.set_system(paths.socket, *arguments)
        case "clearstat":
            return queries.clear_statistics(paths.socket, arguments[0] if arguments else None)
        case "freeze" | "unfreeze" as command:
            frozen = "true" if command == "freeze" else "false"
            return queries.set_system(paths.socket, "frozen", frozen)
        case "start":
            return control.start()
        case "stop":
            return control.stop()
        case "kill":
            return control.kill()
        case "restart":
            return control.restart()
        case "reload":
            return control.reload()
        case "upgrade":
            return control.upgrade()
        case "reopenlog":
            return control.reopen_log()
    return control.status()


if __name__ == "__main__":
    raise SystemExit(main())
