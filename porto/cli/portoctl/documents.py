"""portoctl validate and apply: documents that declare containers.

Called by `main`. Documents are read by `porto.spec.sources`, the same code that the
daemon uses for its directories; it is heavy to import and only these two need it.
"""

from __future__ import annotations

from porto.cli.portoctl.main import complain
from porto.client.exceptions import ContainerDoesNotExist, PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options
    from porto.spec.sources.declare import Declared

_NO_VALUE = 20


def validate(remote: Remote, options: Options, paths: list[str]) -> int:
    """Print every fault of the files, without asking the daemon."""
    from porto.spec.kinds import DIALECTS
    from porto.spec.sources.validate import validate_files

    found = validate_files(paths, DIALECTS)
    for diagnostic in found:
        print(diagnostic)
    return 1 if found else 0


def apply(remote: Remote, options: Options, paths: list[str]) -> int:
    """Make containers be as the documents say; print what that changed."""
    from porto.spec.containers.names import level
    from porto.spec.kinds import DIALECTS
    from porto.spec.sources.validate import read_sources

    documents, found = read_sources(paths, DIALECTS)
    for diagnostic in found:
        complain(str(diagnostic))
    if found:
        complain(f"Nothing applied: {len(found)} fault{'s' if len(found) > 1 else ''}")
        return 1
    containers = [item for document in documents.values() for item in document.declared]
    status = 0
    # Parents first: a%b.CT stands before a.CT.
    for container in sorted(containers, key=lambda item: level(item.name)):
        try:
            _apply_one(remote, container, dry="n" in options)
        except PortoException as error:
            complain(f"Cannot apply {container.name}: {error}")
            status = error.EID or 1
    return status


def _apply_one(remote: Remote, container: Declared, *, dry: bool) -> None:
    name = container.name
    want = {prop.name: prop.codec.format(value) for prop, value in container.values.items()}
    have: dict[str, str] = {}
    try:
        state = remote.get(name, "state")
        exists = True
    except ContainerDoesNotExist:
        state = "stopped"
        exists = False
    if exists and want:
        # With `real`, only what was set: a default that happens to be equal is a change.
        answer = remote.call("get", name=[name], variable=list(want), real=True)
        for pair in answer["get"]["list"][0].get("keyval", []):
            code = pair.get("error", 0)
            if not code:
                have[pair["variable"]] = pair.get("value", "")
            elif code != _NO_VALUE:
                raise PortoException.Create(code, pair.get("errorMsg", ""))
    changes = {key: value for key, value in want.items() if have.get(key) != value}
    start = container.start and state == "stopped"
    if exists and not changes and not start:
        print(f"{name}: unchanged")
        return
    if not dry:
        if not exists:
            _create(remote, name, want, start=start)
        else:
            for key in sorted(changes):
                remote.set(name, key, changes[key])
            if start:
                remote.call("start", name=name)
    print(f"{name}: {'changed' if exists else 'created'}{', started' if start else ''}")
    if dry or exists:
        for key in sorted(changes):
            if key in have:
                print(f"  - {key} = {have[key]}")
            print(f"  + {key} = {changes[key]}")


def _create(remote: Remote, name: str, values: dict[str, str], *, start: bool) -> None:
    remote.call("createWeak", name=name)
    try:
        for key in sorted(values):
            remote.set(name, key, values[key])
        if start:
            remote.call("start", name=name)
        remote.set(name, "weak", "false")
    except PortoException:
        remote.call("destroy", name=name)
        raise
