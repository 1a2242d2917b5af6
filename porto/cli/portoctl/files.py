"""portoctl save and load: containers as .CT files.

Called by `main`. The text format is `porto.spec.sources.ct_file`; -P means the directory
from which the daemon starts containers, ``/place/porto_containers`` unless the
environment has PORTO_CONTAINERS.
"""

from __future__ import annotations

import os
import sys

from porto.cli.portoctl.main import complain
from porto.client.exceptions import PortoException
from porto.spec.sources import ct_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

_NO_VALUE = 20
_INPUT_LIMIT = 1 << 20


def directory() -> str:
    """Where the daemon finds .CT files."""
    return os.environ.get("PORTO_CONTAINERS") or "/place/porto_containers"


def save(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Write what was set on a container, as text that load reads."""
    if len(arguments) != 1:
        complain("Cannot save: exactly one container wanted")
        return 1
    name = arguments[0]
    try:
        text = ct_file.format_ct(name, _set_properties(remote, name))
    except (PortoException, ct_file.CtError) as error:
        complain(f"Cannot save {name}: {error}")
        return 1
    targets = options.get("f", [])[-1:]
    if "P" in options:
        os.makedirs(directory(), 0o755, exist_ok=True)
        targets = [os.path.join(directory(), ct_file.file_name(name)), *targets]
    if not targets:
        sys.stdout.write(text)
    for target in targets:
        try:
            _replace(target, text)
        except OSError as error:
            complain(f"Cannot save {name} to {target}: {error.strerror}")
            return 1
    return 0


def _set_properties(remote: Remote, name: str) -> dict[str, str]:
    rows = remote.call("propertyList").get("propertyList", {}).get("list", [])
    wanted = [
        row["name"]
        for row in rows
        if not row.get("read_only") and row["name"] not in ct_file.IGNORED_KEYS
    ]
    answer = remote.call("get", name=[name], variable=wanted, real=True)["get"]["list"][0]
    values = {}
    for pair in answer.get("keyval", []):
        code = pair.get("error", 0)
        if not code:
            values[pair["variable"]] = pair.get("value", "")
        elif code != _NO_VALUE:
            raise PortoException.Create(code, pair.get("errorMsg", ""))
    values.setdefault("command", "")
    return values


def _replace(path: str, text: str) -> None:
    """Write a whole file or nothing: readers never see half of it."""
    from tempfile import mkstemp

    folder, base = os.path.split(os.path.abspath(path))
    # The name does not end like a source file, so the daemon does not look at it.
    descriptor, temporary = mkstemp(prefix=f"{base}.", dir=folder)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Create containers from .CT text, start them with -S."""
    start = "S" in options
    if "P" in options:
        if "f" in options:
            complain("Cannot load: -P and -f exclude each other")
            return 1
        return _load_directory(remote, arguments, start=start)
    source = options["f"][-1] if "f" in options else "standard input"
    try:
        data = _read(options["f"][-1] if "f" in options else None)
    except OSError as error:
        complain(f"Cannot load {source}: {error.strerror}")
        return 1
    return _load_text(remote, data, source, arguments[0] if arguments else "", start=start)


def _read(path: str | None) -> bytes:
    if path is None:
        return sys.stdin.buffer.read(_INPUT_LIMIT + 1)
    with open(path, "rb") as file:
        return file.read(_INPUT_LIMIT + 1)


def _load_directory(remote: Remote, masks: list[str], *, start: bool) -> int:
    from fnmatch import fnmatchcase

    try:
        found = [file for file in os.listdir(directory()) if file.endswith(ct_file.SUFFIX)]
    except OSError as error:
        complain(f"Cannot load {directory()}: {error.strerror}")
        return 1
    # Sorted by container, parents come before their children.
    files = {ct_file.container_name(file): file for file in found if not file.startswith(".")}
    status = 0
    for mask in masks:
        if not any(fnmatchcase(name, mask) for name in files):
            complain(f"Cannot load {mask}: no such file in {directory()}")
            status = 1
    for name in sorted(files):
        if masks and not any(fnmatchcase(name, mask) for mask in masks):
            continue
        path = os.path.join(directory(), files[name])
        try:
            status = _load_text(remote, _read(path), path, name, start=start) or status
        except OSError as error:
            complain(f"Cannot load {path}: {error.strerror}")
            status = 1
    return status


def _load_text(remote: Remote, data: bytes, source: str, name: str, *, start: bool) -> int:
    if len(data) > _INPUT_LIMIT:
        complain(f"Cannot load {source}: larger than {_INPUT_LIMIT} bytes")
        return 1
    entries, errors = ct_file.read_ct(data)
    for error in errors:
        complain(f"Cannot load {source}: line {error.line}: Wrong format: {error.reason}")
    if errors:
        return 1
    values = {entry.key: entry.value for entry in entries}
    name = name or values.get(ct_file.NAME_KEY, "")
    if not name:
        complain(f"Cannot load {source}: no name given")
        return 1
    skipped = ct_file.IGNORED_KEYS | {ct_file.NAME_KEY, ct_file.START_KEY}
    wanted = {key: value for key, value in values.items() if key not in skipped}
    print(f"Load container {name} ...", flush=True)
    return create_from(remote, name, wanted, start=start)


def create_from(remote: Remote, name: str, values: dict[str, str], *, start: bool) -> int:
    """Create a container with these properties; nothing stays when that fails."""
    created = False
    try:
        # Weak until it is complete, so that a crash of ours leaves nothing behind.
        remote.call("createWeak", name=name)
        created = True
        for key in sorted(values):
            remote.set(name, key, values[key])
        if start:
            print(f"Start container {name} ...", flush=True)
            remote.call("start", name=name)
        remote.set(name, "weak", "false")
    except PortoException as error:
        complain(f"Cannot load container {name}: {error}")
        if created:
            remote.call("destroy", name=name)
        return 1
    return 0
