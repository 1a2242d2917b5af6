"""The codec of environments.

Used by `spec/containers/fields/process.py`. Two syntaxes are read, the manual's (section
"Context") and the one that existing clients write; the manual's is printed.
"""

import re
from typing import Any

from porto.spec.codecs.syntax import (
    BLANKS,
    check_text,
    escape,
    native_pairs,
    native_text,
    shown,
    split_raw,
    unescape,
)
from porto.spec.prop import Codec, Rejected

EnvValue = tuple[tuple[str, str | None], ...]
"""Variables in order, each once; None asks for the variable to be unset."""

_MANUAL_FORM = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):(?:[ \t\n]+(.*))?", re.ASCII | re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME = re.compile(r"[^=\s\0]+")
_BLANKS = tuple(BLANKS)


class EnvCodec(Codec[EnvValue]):
    r"""`NAME: value; NAME=value; NAME`: a bare name unsets the variable.

    ``\;`` and ``\\`` stand for ``;`` and ``\``. The last blank of a value that ends
    with one is written ``\ ``, or it would be trimmed.
    """

    indexed = True

    def parse(self, text: str) -> EnvValue:
        """The variables; a later duplicate overwrites."""
        check_text(text)
        found: dict[str, str | None] = {}
        for raw in split_raw(text):
            name, value = _parse_variable(raw)
            found[name] = value
        return tuple(found.items())

    def format(self, value: EnvValue) -> str:
        """``NAME: value; ...``; ``NAME=value`` where NAME is no identifier."""
        text = "; ".join(_format_variable(name, item) for name, item in value)
        # Whoever sets this text again trims it first, so it must not end in a blank.
        return text + ";" if text[-1:].isspace() else text

    def get_index(self, value: EnvValue, index: str) -> str:
        """The value of one variable; raises `Rejected` when it is not set here."""
        item = dict(value).get(index)
        if item is None:
            raise Rejected(f"variable {shown(index)} is not set")
        return item

    def set_index(self, value: EnvValue, index: str, text: str) -> EnvValue:
        """One variable set; an empty text is an empty value."""
        name = _checked(check_text(index), text)
        return tuple({**dict(value), name: check_text(text)}.items())

    def native(self, value: Any) -> EnvValue:
        """A document's mapping; null unsets a variable."""
        found: dict[str, str | None] = {}
        for pair in native_pairs(value):
            if len(pair) != 2:
                raise Rejected("wants pairs of name and value")
            item = None if pair[1] is None else check_text(native_text(pair[1]))
            found[_checked(check_text(native_text(pair[0])), item)] = item
        return tuple(found.items())

    def native_schema(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "type": "object",
            "additionalProperties": {"type": ["string", "integer", "null"]},
        }


def _parse_variable(raw: str) -> tuple[str, str | None]:
    """Name and value of one part, whose escapes are still in it."""
    body, protected = _trim(raw)
    manual = _MANUAL_FORM.fullmatch(body)
    if manual is not None:
        return manual[1], unescape(manual[2] or "", ";") + protected
    name, equals, text = body.partition("=")
    value = unescape(text, ";") + protected if equals else None
    return _checked(unescape(name, ";"), value), value


def _format_variable(name: str, value: str | None) -> str:
    if value is None:
        return escape(name, ";")
    text = escape(value, ";")
    if text.endswith(_BLANKS):
        text = f"{text[:-1]}\\{text[-1]}"
    # After "NAME:" leading blanks would be dropped; after "NAME=" they are kept.
    if not _IDENTIFIER.fullmatch(name) or value.startswith(_BLANKS):
        return f"{escape(name, ';')}={text}"
    return f"{name}: {text}" if text else f"{name}:"


def _trim(raw: str) -> tuple[str, str]:
    """`raw` without blanks at its ends, and the blank that a backslash protects."""
    body = raw.lstrip(BLANKS)
    end = body.rstrip(BLANKS)
    if not end.endswith("\\"):
        return end, ""
    backslashes = len(end) - len(end.rstrip("\\"))
    if len(end) < len(body) and backslashes % 2:
        return end[:-1], body[len(end)]
    return end, ""


def _checked(name: str, value: str | None) -> str:
    if not _NAME.fullmatch(name):
        raise Rejected(f"{shown(name)} is not a name of a variable")
    if value is None and ":" in name:
        raise Rejected(f"{shown(name)} needs a blank after the colon, or = in its place")
    return name
