"""Codecs of free text, words, paths, argument lists and kept output.

Used by `spec/containers/fields/`. A text property gives back exactly what was set, but for
blanks, tabs and newlines at both ends.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from porto.spec.codecs.syntax import BLANKS, UINT64_MAX, check_text, native_text, shown
from porto.spec.errors import EError
from porto.spec.prop import Codec, Rejected

PATH_MAX_BYTES = 4095

_WINDOW = re.compile(r"([0-9]{1,20})?(?::([0-9]{1,20})?)?", re.ASCII)
_NO_ALIASES: Mapping[str, str] = MappingProxyType({})


class Text(Codec[str]):
    """Any text without NUL; blanks at both ends are dropped."""

    def __init__(self, max_bytes: int | None = None) -> None:
        self.max_bytes = max_bytes

    def parse(self, text: str) -> str:
        """The trimmed text, if it is UTF-8 of at most `max_bytes`."""
        return check_text(text.strip(BLANKS), self.max_bytes)

    def format(self, value: str) -> str:
        """The text itself."""
        return value

    def native(self, value: Any) -> str:
        """A document's text or whole number."""
        return self.parse(native_text(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON string."""
        return {"type": "string"}


class PathText(Text):
    """A path, kept as it is written; at most 4095 bytes, as the kernel allows."""

    def __init__(self) -> None:
        super().__init__(PATH_MAX_BYTES)


class StreamText(Text):
    """Kept output; [offset], [:length] or [offset:length] selects a part."""

    indexed = True

    def parse(self, text: str) -> str:
        """The text, blanks included."""
        return check_text(text)

    def window(self, index: str) -> tuple[int | None, int | None]:
        """``off``, ``:len`` or ``off:len`` as (offset, length), None where absent."""
        match = _WINDOW.fullmatch(index)
        if match is None or index in ("", ":"):
            raise Rejected(f"has no [{index[:40]}]; say [offset], [:length] or [offset:length]")
        offset, length = (None if word is None else int(word) for word in match.groups())
        if max(offset or 0, length or 0) > UINT64_MAX:
            raise Rejected("offset or length is out of range")
        return offset, length


class Word(Codec[str]):
    """One of a few words."""

    def __init__(self, *choices: str, aliases: Mapping[str, str] = _NO_ALIASES) -> None:
        self.choices = choices
        self.aliases = MappingProxyType(dict(aliases))

    def parse(self, text: str) -> str:
        """The word; an alias becomes the word it stands for."""
        word = self.aliases.get(text, text)
        if word not in self.choices:
            raise Rejected(f"not one of {', '.join(self.choices)}")
        return word

    def format(self, value: str) -> str:
        """The word."""
        return value

    def native(self, value: Any) -> str:
        """A document's word; its booleans are the words true and false."""
        if isinstance(value, bool):
            return self.parse("true" if value else "false")
        return self.parse(native_text(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON string out of the words and aliases."""
        words = [*self.choices, *self.aliases]
        booleans = [word == "true" for word in words if word in ("true", "false")]
        return {"enum": [*words, *booleans]}


class ArgvCodec(Codec[tuple[str, ...]]):
    r"""Arguments separated by TAB, verbatim.

    A backslash is special only right before a TAB: ``\<TAB>`` is a TAB within
    an argument and ``\\<TAB>`` a backslash at an argument's end.
    """

    indexed = True

    def __init__(self, max_bytes: int | None = None) -> None:
        self.max_bytes = max_bytes

    def parse(self, text: str) -> tuple[str, ...]:
        """The arguments; none for empty text."""
        check_text(text, self.max_bytes)
        if not text:
            return ()
        arguments: list[str] = []
        word = ""
        pieces = text.split("\t")
        for piece in pieces[:-1]:
            backslashes = _trailing_backslashes(piece)
            word += piece[: len(piece) - backslashes] + "\\" * (backslashes // 2)
            if backslashes % 2:
                word += "\t"
            else:
                arguments.append(word)
                word = ""
        arguments.append(word + pieces[-1])
        return self._checked(tuple(arguments))

    def format(self, value: tuple[str, ...]) -> str:
        """The arguments, joined by TAB."""
        words = ["\\\t".join(_protected(argument.split("\t"))) for argument in value]
        return "\t".join(_protected(words))

    def get_index(self, value: tuple[str, ...], index: str) -> str:
        """Argument number `index`, counted from 0."""
        return value[self._place(value, index)]

    def set_index(self, value: tuple[str, ...], index: str, text: str) -> tuple[str, ...]:
        """One argument replaced; the number after the last appends."""
        place = self._place((*value, ""), index)
        return self.native([*value[:place], text, *value[place + 1 :]])

    def native(self, value: Any) -> tuple[str, ...]:
        """A document's list of arguments."""
        if not isinstance(value, (list, tuple)):
            raise Rejected(f"wants a list of arguments, not {type(value).__name__}")
        arguments = tuple(check_text(native_text(item)) for item in value)
        check_text(self.format(arguments), self.max_bytes)
        return self._checked(arguments)

    def native_schema(self) -> dict[str, Any]:
        """A JSON array of strings."""
        return {"type": "array", "items": {"type": ["string", "integer"]}}

    def _checked(self, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and not value[0]:
            raise Rejected("the first argument, the program, is empty")
        return value

    def _place(self, value: tuple[str, ...], index: str) -> int:
        if not (index.isascii() and index.isdecimal() and len(index) < 8):
            raise Rejected(f"{shown(index)} is not a number of an argument", EError.InvalidProperty)
        if int(index) >= len(value):
            raise Rejected(f"has no argument {int(index)}", EError.InvalidProperty)
        return int(index)


def _trailing_backslashes(text: str) -> int:
    return len(text) - len(text.rstrip("\\"))


def _protected(pieces: list[str]) -> list[str]:
    """`pieces`, which TABs will join, with the backslashes before each TAB doubled."""
    return [
        *(piece + "\\" * _trailing_backslashes(piece) for piece in pieces[:-1]),
        *pieces[-1:],
    ]
