"""portoctl validate and apply: documents that declare containers.

Called by `main`. Documents are read by `porto.spec.sources`, the same code that the
daemon uses for its directories; it is heavy to import and only these two need it.
"""

from __future__ import annotations

import os

from porto.api.client.exceptions import ContainerDoesNotExist, PortoException
from porto.cli.portoctl.main import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from porto.cli.portoctl.session import Session
    from porto.cli.portoctl.usage import Options
    from porto.spec.sources.declare import DeclaredContainer
    from porto.spec.sources.documents import Document

_NO_VALUE = 20


def validate(session: Session, options: Options, paths: list[str]) -> int:
    """Print every fault of the files, without asking the daemon."""
    from porto.spec.sources.validate import validate_files

    found = validate_files(paths)
    for diagnostic in found:
        print(diagnostic)
    return 1 if found else 0


def apply(session: Session, options: Options, paths: list[str]) -> int:
    """Make containers be as the documents say; print what that changed."""
    documents = []
    faults = 0
    for path in _files(paths):
        document = _read(path)
        for diagnostic in document.diagnostics:
            complain(str(diagnostic))
        faults += len(document.diagnostics)
        documents.append(document)
    if faults:
        complain(f"Nothing applied: {faults} faults")
        return 1
    status = 0
    for document in documents:
        for container in document.containers:
            try:
                _apply_one(session, container, dry="n" in options)
            except PortoException as error:
                complain(f"Cannot apply {container.name}: {error}")
                status = error.EID or 1
    return status


def _files(paths: list[str]) -> Iterator[str]:
    from porto.spec.sources.documents import is_source_name

    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for name in sorted(os.listdir(path)):
            full = os.path.join(path, name)
            if is_source_name(name) and not os.path.isdir(full):
                yield full


def _read(path: str) -> Document:
    from porto.spec.sources.documents import parse_document, refused
    from porto.spec.sources.files import FileRefused, Rules, os_reason, read_file

    try:
        # The user names these files, so they count whoever owns them.
        data, _ = read_file(path, Rules())
    except FileRefused as error:
        return refused(path, error.reason)
    except OSError as error:
        return refused(path, os_reason(error))
    return parse_document(data, path)


def _apply_one(session: Session, container: DeclaredContainer, *, dry: bool) -> None:
    name = container.name
    want = {prop.name: prop.codec.format(value) for prop, value in container.values.items()}
    have: dict[str, str] = {}
    try:
        state = session.get(name, "state")
        exists = True
    except ContainerDoesNotExist:
        state = "stopped"
        exists = False
    if exists and want:
        # With `real`, only what was set: a default that happens to be equal is a change.
        answer = session.call("get", name=[name], variable=list(want), real=True)
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
            _create(session, name, want, start=start)
        else:
            for key in sorted(changes):
                session.set(name, key, changes[key])
            if start:
                session.call("start", name=name)
    print(f"{name}: {'changed' if exists else 'created'}{', started' if start else ''}")
    if dry or exists:
        for key in sorted(changes):
            if key in have:
                print(f"  - {key} = {have[key]}")
            print(f"  + {key} = {changes[key]}")


def _create(session: Session, name: str, values: dict[str, str], *, start: bool) -> None:
    session.call("createWeak", name=name)
    try:
        for key in sorted(values):
            session.set(name, key, values[key])
        if start:
            session.call("start", name=name)
        session.set(name, "weak", "false")
    except PortoException:
        session.call("destroy", name=name)
        raise
