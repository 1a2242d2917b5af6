"""YAML, JSON and TOML text to trees with line numbers.

Called by `sources/documents.py`. All three are read within bounds: the input is at
most a file's `files.MAX_BYTES`, depth and number of parts are those of
`sources/nodes.py`, YAML aliases (which can blow up) are refused, and no reader
recurses on the document's depth in native code.
"""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from porto.spec.sources.nodes import (
    DEPTH_MAX,
    FormatError,
    Mapping,
    Node,
    Plain,
    Sequence,
    TreeBuilder,
)

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)


def yaml_nodes(text: str) -> list[Node]:
    """One tree per ``---`` document; documents that say nothing are left out."""
    # Most hosts have no YAML file, and its reader takes a while to be loaded.
    from porto.spec.sources.yaml_events import nodes

    return nodes(text)


_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^\s{}\[\],:"]+')


def json_nodes(text: str) -> list[Node]:
    """The tree of a JSON document."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise FormatError(f"not JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise FormatError("not JSON: nested too deep") from error
    # It is JSON now, so that its tokens suffice to tell each part's line.
    builder = TreeBuilder()
    line, position = 1, 0
    for token in _JSON_TOKEN.finditer(text):
        line += text.count("\n", position, token.start())
        position = token.start()
        word = token[0]
        if word == "{":
            builder.begin(Mapping(line))
        elif word == "[":
            builder.begin(Sequence(line))
        elif word in "}]":
            builder.end()
        elif word[0] == '"':
            string = json.loads(word)
            builder.scalar(string, line, string)
        else:
            value = json.loads(word, parse_int=_json_int)
            builder.scalar("" if value is None else word, line, value)
    return builder.roots


def _json_int(word: str) -> Plain:
    return int(word) if INTEGER.fullmatch(word) else word


def _refuse_constant(word: str) -> str:
    raise FormatError(f"not JSON: {word} is not a value")


_TOML_HEADER = re.compile(r"\s*\[(\[)?([^\]]*)\]")
_TOML_KEY = re.compile(
    r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
# tomllib takes time that is quadratic in the parts of a dotted key.
_TOML_LONG_KEY = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"""
    f"{{{DEPTH_MAX}}}"
)
_TOML_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_TOML_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_Path = tuple[str | int, ...]


def toml_nodes(text: str) -> list[Node]:
    """The tree of a TOML document; lines are those of headers and of ``key =``."""
    deep = _TOML_LONG_KEY.search(text)
    if deep:
        line = text.count("\n", 0, deep.start()) + 1
        raise FormatError(f"a key of more than {DEPTH_MAX} parts", line)
    try:
        value = tomllib.loads(text)
    except ValueError as error:
        place = _TOML_LINE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1 if place else 0
        raise FormatError(f"not TOML: {_TOML_LINE.sub('', str(error))}", line) from error
    except RecursionError as error:
        raise FormatError("not TOML: nested too deep") from error
    lines = _toml_lines(text)
    builder = TreeBuilder()
    _toml_tree(builder, value, lambda path, near: lines.get(path, near))
    return builder.roots if value else []


def _toml_tree(builder: TreeBuilder, value: Any, line_of: Callable[[_Path, int], int]) -> None:
    """Feed `builder` with a nested value; a stack of its own instead of recursion."""
    pending: list[tuple[Any, _Path, int]] = [(value, (), 1)]
    while pending:
        item, path, near = pending.pop()
        if item is _END:
            builder.end()
            continue
        line = line_of(path, near)
        if builder.in_key_position():
            builder.scalar(str(path[-1]), line, None)
        if isinstance(item, dict):
            builder.begin(Mapping(line))
            pending.append((_END, (), 0))
            pending += [(v, (*path, k), line) for k, v in reversed(item.items())]
        elif isinstance(item, list):
            builder.begin(Sequence(line))
            pending.append((_END, (), 0))
            pending += [(v, (*path, i), line) for i, v in reversed(list(enumerate(item)))]
        else:
            builder.scalar(_toml_text(item, line), line, _toml_value(item, line))


_END = object()


def _toml_text(value: Any, line: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 64:
        raise FormatError("not TOML: an integer of more than 64 bits", line)
    return str(value)


def _toml_value(value: Any, line: int) -> Plain:
    return value if isinstance(value, str | int | float) else _toml_text(value, line)


def _toml_lines(text: str) -> dict[_Path, int]:
    """The line of each table and key that stands at the beginning of a line."""
    lines: dict[_Path, int] = {}
    counts: dict[_Path, int] = {}
    prefix: _Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _TOML_HEADER.match(line)
        if header:
            prefix = _toml_header(header[2], header[1] is not None, counts)
            lines.setdefault(prefix, number)
            continue
        key = _TOML_KEY.match(line)
        if key:
            path = prefix
            for part in _TOML_PART.findall(key[1])[:DEPTH_MAX]:
                path = (*path, part.strip("\"'"))
                lines.setdefault(path, number)
    return lines


def _toml_header(dotted: str, array: bool, counts: dict[_Path, int]) -> _Path:
    path: _Path = ()
    parts = [part.strip("\"'") for part in _TOML_PART.findall(dotted)][:DEPTH_MAX]
    for index, part in enumerate(parts):
        path = (*path, part)
        if array and index == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
