"""YAML text to trees with line numbers, by the events of PyYAML's parser.

Called by `formats.py`, which says what all formats have in common.
"""

from typing import Any

import yaml

from porto.spec.sources.formats import INTEGER
from porto.spec.sources.nodes import (
    FormatError,
    Mapping,
    Node,
    Plain,
    Scalar,
    Sequence,
    TreeBuilder,
)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
_YAML_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int",
                        "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
                        "tag:yaml.org,2002:null", "tag:yaml.org,2002:map",
                        "tag:yaml.org,2002:seq"})  # fmt: skip


def nodes(text: str) -> list[Node]:
    """One tree per ``---`` document; documents that say nothing are left out."""
    builder = TreeBuilder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            _yaml_event(builder, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join((error.problem or error.context or "cannot be read").split())
        line = min(mark.line, text.count("\n")) + 1 if mark else 0
        raise FormatError(f"not YAML: {reason}", line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FormatError(f"not YAML: {error.reason}", line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FormatError(f"not YAML: {' '.join(str(error).split())}") from error
    return [root for root in builder.roots if not (isinstance(root, Scalar) and not root.text)]


def _yaml_event(builder: TreeBuilder, event: Any) -> None:
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        raise FormatError(f"aliases are not allowed (*{event.anchor})", line)
    if getattr(event, "tag", None) not in _YAML_TAGS:
        raise FormatError(f"tags are not allowed ({event.tag})", line)
    if isinstance(event, yaml.ScalarEvent):
        # The pure Python parser leaves the style of plain scalars None, libyaml says "".
        value = _yaml_plain(event.value) if event.implicit[0] and not event.style else event.value
        null = value is None and not builder.in_key_position()
        builder.scalar("" if null else event.value, line, value)
    elif isinstance(event, yaml.SequenceStartEvent):
        builder.begin(Sequence(line))
    elif isinstance(event, yaml.MappingStartEvent):
        builder.begin(Mapping(line))
    elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
        builder.end()


def _yaml_plain(text: str) -> Plain:
    """The value of an unquoted scalar: null, true, false, a decimal integer, or text.

    Neither ``yes`` nor ``022`` nor ``12:30`` nor ``1.10`` turns into something else.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return int(text) if INTEGER.fullmatch(text) else text
