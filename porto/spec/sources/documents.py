"""One source file as declared objects: ``.CT``, YAML, JSON, TOML.

Called by `sources/directory.py` and `sources/validate.py`. A file is taken as a
whole or not at all: a `Document` with diagnostics declares nothing that may be
applied.

- ``.CT``: one container, see `sources/ct_file.py`; the file's name is its name.
- ``.yaml``, ``.yml``: objects, lists of them or ``containers: [...]``; `kind:` says what
  an object is, without it a container;
  several documents may be separated by ``---``. Tags and aliases are refused.
- ``.json``: the same as one value.
- ``.toml``: one container, or ``[[container]]`` tables, with
  ``[[container.containers]]`` for children.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from porto.spec.sources import ct_file, nodes
from porto.spec.sources.declare import Declared, Declarer
from porto.spec.sources.diagnostics import Diagnostic, limited
from porto.spec.sources.dialect import Dialects
from porto.spec.sources.formats import json_nodes, toml_nodes, yaml_nodes

__all__ = ["Declared", "Document", "is_source_name", "parse_ct", "parse_document"]

_READERS: dict[str, Callable[[str], list[nodes.Node]]] = {
    ".yaml": yaml_nodes,
    ".yml": yaml_nodes,
    ".json": json_nodes,
    ".toml": toml_nodes,
}
STDIN = "-"
"""Path of a document that has none: standard input, read as YAML."""

SUFFIXES = (ct_file.SUFFIX, *_READERS)
# Editors, rsync and git write beside the file that they mean.
_TEMPORARY_PREFIXES = (".", "#")


@dataclass(frozen=True, slots=True)
class Document:
    """What one file says.

    declared    -- parents before children; not to be applied when there are diagnostics
    diagnostics -- everything that is wrong with the file
    """

    path: str
    declared: tuple[Declared, ...]
    diagnostics: tuple[Diagnostic, ...]


def is_source_name(name: str) -> bool:
    """Whether a file of that base name is read at all; temporary files are not."""
    return name.endswith(SUFFIXES) and not name.startswith(_TEMPORARY_PREFIXES)


def parse_document(data: bytes, path: str, dialects: Dialects) -> Document:
    """The document in `data`; its format follows from the end of `path`."""
    suffix = ".yaml" if path == STDIN else os.path.splitext(path)[1]
    if suffix == ct_file.SUFFIX:
        return parse_ct(data, path, dialects)
    reader = _READERS.get(suffix)
    if reader is None:
        known = ", ".join(SUFFIXES)
        return refused(path, f"not a kind of file that declares containers: {known}")
    declarer = Declarer(path, dialects)
    try:
        roots = reader(ct_file.read_text(data))
    except (ct_file.CtError, nodes.FormatError) as error:
        return refused(path, error.reason, error.line)
    for root in roots:
        declarer.document(root)
    return _finished(declarer)


def parse_ct(data: bytes, path: str, dialects: Dialects) -> Document:
    """The document of a ``.CT`` file."""
    declarer = Declarer(path, dialects)
    entries, errors = ct_file.read_ct(data)
    for error in errors:
        declarer.fault(error.line, "", error.reason)
    kept = [entry for entry in entries if entry.key not in ct_file.IGNORED_KEYS]
    if entries:
        node = nodes.Mapping(
            entries[0].line,
            [
                nodes.Entry(item.key, item.line, nodes.Scalar(item.value, item.line, item.value))
                for item in kept
            ],
        )
        declarer.object(
            declarer.usual, node, default_name=ct_file.container_name(os.path.basename(path))
        )
    return _finished(declarer)


def refused(path: str, reason: str, line: int = 0) -> Document:
    """The document of a file that cannot be read."""
    return Document(path, (), (Diagnostic(path, line, "", reason),))


def _finished(declarer: Declarer) -> Document:
    # An editor or a copy that has only created the file yet must not pass for a
    # file that declares nothing any more: that would destroy containers.
    if not declarer.declared and not declarer.faults:
        declarer.fault(0, "", f"declares no {declarer.usual.kind.noun}")
    return Document(declarer.path, tuple(declarer.declared), limited(declarer.faults))
