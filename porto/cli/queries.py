"""Commands of portod that ask the daemon, or its stored records.

Called by `cli/portod.py`. The client and the store's decoder are imported when needed:
most commands of portod need neither. Manual: portod; requests GetSystem, SetSystem and
ClearStatistics.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from porto.client.connection import Connection

_TIMEOUT_S = 5.0
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _connect(socket_path: str) -> "Connection":
    from porto.client.connection import Connection

    return Connection(socket_path=socket_path, timeout=_TIMEOUT_S)


def version(socket_path: str, *, own: str, running_program: str | None) -> int:
    """Print our version and, if a daemon answers, its own."""
    from porto.client.exceptions import PortoException

    print(f"version: {own}")
    try:
        with _connect(socket_path) as connection:
            connection.TryConnect()
            words = [*connection.Version(), running_program or ""]
    except (PortoException, OSError):
        return 0
    print("running: " + " ".join(word for word in words if word))
    return 0


def system(socket_path: str) -> int:
    """Print the answer to GetSystem as text."""
    answer = _call(socket_path, "GetSystem")
    if answer is None:
        return 1
    print(str(answer), end="")
    return 0


def set_system(socket_path: str, key: str, value: str) -> int:
    """Set verbose, debug or frozen."""
    flag = _FLAGS.get(value.lower())
    if flag is None:
        print(f"cannot set {key} to {value!r}: neither true nor false", file=sys.stderr)
        return 1
    if key not in ("verbose", "debug", "frozen"):
        print(f"cannot set {key}: unknown key", file=sys.stderr)
        return 1
    return 0 if _call(socket_path, "SetSystem", **{key: flag}) is not None else 1


def clear_statistics(socket_path: str, name: str | None) -> int:
    """Reset one counter, or all."""
    fields: dict[str, Any] = {} if name is None else {"stat": name}
    return 0 if _call(socket_path, "ClearStatistics", **fields) is not None else 1


def _call(socket_path: str, command: str, **fields: Any) -> Any:
    """The answer (True when it is empty), or None after a message."""
    from porto.client.exceptions import PortoException

    try:
        with _connect(socket_path) as connection:
            connection.TryConnect()
            answer = connection.Call(command, **fields)
    except (PortoException, OSError, AttributeError, ValueError) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return None
    return True if answer is None else answer


def dump(directory: str) -> int:
    """Print every stored record as ``key = value`` lines; needs no daemon."""
    from porto.spec.containers.kind import CONTAINER
    from porto.spec.records.file import RecordCodec

    try:
        numbers = sorted(int(name) for name in os.listdir(directory) if name.isdecimal())
    except OSError as error:
        print(f"cannot read {directory}: {error.strerror}", file=sys.stderr)
        return 1
    code = 0
    codec = RecordCodec(CONTAINER)
    for name in map(str, numbers):
        try:
            record = codec.decode(Path(directory, name).read_bytes())
        except Exception as error:
            print(f"cannot read {directory}/{name}: {error}", file=sys.stderr)
            code = 1
            continue
        _print_record(name, record)
    return code


def _print_record(name: str, record: Any) -> None:
    from porto.spec.containers.spec import set_values

    print(f"{name}:")
    print(f"_id = {record.id}")
    print(f"_name = {record.name}")
    print(f"state = {record.status.life.state}")
    for key, value in sorted(set_values(record.spec).items()):
        print(f"{key} = {value}")
    print()
