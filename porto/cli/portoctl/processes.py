"""portoctl find, attach, convert: processes and paths across containers.

Called by `main`.
"""

from __future__ import annotations

from porto.cli.portoctl.main import complain
from porto.cli.portoctl.usage import command_usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options


def _process(arguments: list[str]) -> tuple[int, str] | None:
    """(pid, its name as given or as seen here); complains when that is no pid."""
    pid = int(arguments[0]) if arguments[0].isdigit() else 0
    if not 0 < pid < 1 << 22:
        complain(f"Cannot find process {arguments[0]!r}: not a process number")
        return None
    if len(arguments) > 1:
        return pid, arguments[1]
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="surrogateescape") as file:
            return pid, file.read().rstrip("\n")
    except OSError as error:
        complain(f"Cannot find process {pid}: {error.strerror}")
        return None


def find(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print the container of a process."""
    process = _process(arguments)
    if process is None:
        return 1
    print(remote.call("locateProcess", pid=process[0], comm=process[1])["locateProcess"]["name"])
    return 0


def attach(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Move a process or a thread into a container."""
    process = _process(arguments[1:])
    if process is None:
        return 1
    request = "AttachThread" if "t" in options else "attachProcess"
    remote.call(request, name=arguments[0], pid=process[0], comm=process[1])
    return 0


def convert(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print a path as another container sees it."""
    if len(arguments) != 1:
        print(command_usage("convert"))
        return 1
    answer = remote.call(
        "convertPath",
        path=arguments[0],
        source=options.get("s", ["self"])[-1],
        destination=options.get("d", ["self"])[-1],
    )
    print(answer["convertPath"]["path"])
    return 0
