"""Reading and validation of named files without a daemon.

Called by ``portoctl validate`` and ``portoctl apply``. What is accepted here a daemon
accepts, but for what only a running host knows (limits on the number of containers,
the owner of the files).
"""

import os
from collections.abc import Iterator, Mapping, Sequence

from porto.spec.sources.ct_file import NAME_KEY
from porto.spec.sources.diagnostics import Diagnostic, shown
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.directory import DirectoryScanner, WatchedDirectory, faults
from porto.spec.sources.documents import Document, parse_document, refused
from porto.spec.sources.files import FileRefused, Rules, os_reason, read_file


def validate_files(paths: Sequence[str], dialects: Dialects) -> list[Diagnostic]:
    """Everything that is wrong with files, or with directories of them; empty: all valid.

    The files count as one source: two of them must not declare the same object,
    and each object's parent must be declared by one of them.
    """
    documents, found = read_sources(paths, dialects)
    return [*found, *_orphans(documents)]


def read_sources(
    paths: Sequence[str], dialects: Dialects
) -> tuple[dict[str, Document], list[Diagnostic]]:
    """The documents of files and of directories, by path; and what is wrong with them.

    Directories are read as the daemon reads them, with those below. Parents are not
    looked for: they may be there already.
    """
    found: list[Diagnostic] = []
    documents: dict[str, Document] = {}
    for path in paths:
        if os.path.isdir(path):
            snapshot = DirectoryScanner(WatchedDirectory(path=path), dialects, rules=Rules()).scan()
            found += faults(snapshot)
            documents.update(snapshot.documents)
        elif path not in documents:
            documents[path] = _read(path, dialects)
            found += documents[path].diagnostics
    return documents, [*found, *_claimed_twice(documents)]


def _read(path: str, dialects: Dialects) -> Document:
    try:
        data, _ = read_file(path, Rules())
    except FileRefused as refusal:
        return refused(path, refusal.reason)
    except OSError as error:
        return refused(path, f"cannot be read: {os_reason(error)}")
    return parse_document(data, path, dialects)


def _claimed_twice(documents: Mapping[str, Document]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], str] = {}
    for path, document in documents.items():
        for item in document.declared:
            where = f"{path}:{item.line}"
            key = item.dialect.kind.noun, item.name
            if first.setdefault(key, where) != where and not document.diagnostics:
                reason = f"{shown(item.name)} is declared already by {first[key]}"
                yield Diagnostic(path, item.line, NAME_KEY, reason)


def _orphans(documents: Mapping[str, Document]) -> Iterator[Diagnostic]:
    declared = {
        (item.dialect.kind.noun, item.name)
        for document in documents.values()
        for item in document.declared
    }
    for path, document in documents.items():
        for item in document.declared:
            parent = item.dialect.parent(item.name) if item.name else ""
            if parent and (item.dialect.kind.noun, parent) not in declared:
                reason = f"no file declares the parent {shown(parent)} of {shown(item.name)}"
                yield Diagnostic(path, item.line, NAME_KEY, reason)
