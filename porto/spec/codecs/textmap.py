"""The codec of maps from names to texts.

Used by `spec/containers/fields/` for what is observed. Syntax: manual section "Properties",
``<key>: <value>;...``.
"""

from typing import Any

from porto.spec.codecs.syntax import BLANKS, check_text, join_map, native_pairs, native_text
from porto.spec.codecs.syntax import split_map as split
from porto.spec.errors import EError
from porto.spec.prop import Codec, Rejected

TextMapValue = tuple[tuple[str, str], ...]
"""(key, text) sorted bytewise by key."""


class TextMapCodec(Codec[TextMapValue]):
    r"""`key: text; key: text`; a colon or semicolon within is escaped by `\`."""

    indexed = True

    def parse(self, text: str) -> TextMapValue:
        """The map; a later duplicate overwrites."""
        return _sorted(dict(split(text)))

    def format(self, value: TextMapValue) -> str:
        """``key: text; key: text``."""
        return join_map(value)

    def get_index(self, value: TextMapValue, index: str) -> str:
        """The text of one key; InvalidProperty when there is none."""
        for key, text in value:
            if key == index:
                return text
        raise Rejected(f"has no [{index[:40]}]", EError.InvalidProperty)

    def native(self, value: Any) -> TextMapValue:
        """A document's mapping of names to texts."""
        pairs = native_pairs(value)
        if any(len(pair) != 2 for pair in pairs):
            raise Rejected("wants pairs of name and text")
        return _sorted({native_text(key): native_text(text) for key, text in pairs})

    def native_schema(self) -> dict[str, Any]:
        """A JSON object of texts."""
        return {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}


def _sorted(texts: dict[str, str]) -> TextMapValue:
    for key, text in texts.items():
        if (
            key != check_text(key).strip(BLANKS)
            or not key
            or text != check_text(text).strip(BLANKS)
        ):
            raise Rejected("a key or text is empty or has blanks at its ends")
    return tuple(sorted(texts.items(), key=lambda item: item[0].encode()))
