"""Validation of files without a daemon: ``portoctl validate FILE…``.

Called by `cli/portoctl/`. What it accepts a daemon accepts, but for what only a
running host knows (limits on the number of containers, the owner of the files).
"""

import os
from collections.abc import Sequence

from porto.spec.ids import ROOT, parent_name
from porto.spec.sources.ct_file import NAME_KEY
from porto.spec.sources.diagnostics import Diagnostic, shown
from porto.spec.sources.directory import DirectoryScanner, WatchedDirectory, faults
from porto.spec.sources.documents import Document, parse_document, refused
from porto.spec.sources.files import FileRefused, Rules, os_reason, read_file


def validate_files(paths: Sequence[str]) -> list[Diagnostic]:
    """Everything that is wrong with files, or with directories of them; empty: all valid.

    The files count as one source: two of them must not declare the same container,
    and each container's parent must be declared by one of them.
    """
    found: list[Diagnostic] = []
    documents: dict[str, Document] = {}
    for path in paths:
        if os.path.isdir(path):
            snapshot = DirectoryScanner(WatchedDirectory(path=path), rules=Rules()).scan()
            found += faults(snapshot)
            documents.update(snapshot.documents)
        elif path not in documents:
            documents[path] = _read(path)
            found += documents[path].diagnostics
    return [*found, *_across(documents)]


def _read(path: str) -> Document:
    try:
        data, _ = read_file(path, Rules())
    except FileRefused as refusal:
        return refused(path, refusal.reason)
    except OSError as error:
        return refused(path, f"cannot be read: {os_reason(error)}")
    return parse_document(data, path)


def _across(documents: dict[str, Document]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    first: dict[str, str] = {}
    for path, document in documents.items():
        for item in document.containers:
            where = f"{path}:{item.line}"
            if first.setdefault(item.name, where) != where and not document.diagnostics:
                reason = f"{shown(item.name)} is declared already by {first[item.name]}"
                found.append(Diagnostic(path, item.line, NAME_KEY, reason))
    for path, document in documents.items():
        for item in document.containers:
            parent = parent_name(item.name)
            if item.name and parent != ROOT and parent not in first:
                reason = f"no file declares the parent {shown(parent)} of {shown(item.name)}"
                found.append(Diagnostic(path, item.line, NAME_KEY, reason))
    return found
