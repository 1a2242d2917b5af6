"""Lexical pieces shared by the codecs: plain text, numbers with units, lists.

Called by the other files of this package only. Rules: manual section
"Properties" (sizes, ``<key>: <value>;...``); escapes are a backslash before the
separator or before another backslash, any other backslash is an ordinary
character.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from porto.spec.errors import EError
from porto.spec.prop import Rejected

BLANKS = " \t\n"
UINT64_MAX = (1 << 64) - 1

_EXACT_DIGITS = 20
_NUMBER = re.compile(
    r"""\s*(?P<number>[+-]?(?:
        0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?
      | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?
      | inf(?:inity)?
    ))\s*""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_PART = re.compile(r"(?:[^\\;]++|\\[\\;]?+)++")
_INTEGER = re.compile(r"\s*([+-]?)([0-9]+)\s*", re.ASCII)


def check_text(text: str, max_bytes: int | None = None, code: EError = EError.InvalidValue) -> str:
    """`text`, if a process or a file could hold it; raises `Rejected`."""
    if "\0" in text:
        raise Rejected("contains a NUL character", code)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Rejected("is not valid UTF-8", code) from None
    if max_bytes is not None and size > max_bytes:
        raise Rejected(f"{size} bytes are more than the limit of {max_bytes}", code)
    return text


def native_text(value: Any) -> str:
    """The text of a document's scalar where text is wanted.

    Booleans and floats are refused: what a YAML reader made of ``yes`` or
    ``1.10`` is no longer what its author wrote.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > UINT64_MAX:
            raise Rejected("a number out of range; quote it")
        return str(value)
    raise Rejected(f"wants text, not {type(value).__name__}; quote it")


def native_pairs(value: Any) -> Iterable[tuple[Any, ...]]:
    """The items of a document's mapping, or of a list of pairs."""
    if isinstance(value, Mapping):
        return [(key, item) for key, item in value.items()]
    if isinstance(value, (list, tuple)) and all(v and isinstance(v, (list, tuple)) for v in value):
        return [tuple(item) for item in value]
    raise Rejected(f"wants a mapping or text, not {type(value).__name__}")


def shown(text: str) -> str:
    """A part of a value as an error message quotes it."""
    return repr(text if len(text) <= 40 else text[:40] + "...")


def parse_int(text: str) -> int:
    """A decimal integer as strtoll(3) reads it: blanks around it, an optional sign."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise Rejected("not a decimal integer")
    sign, digits = match[1], match[2].lstrip("0") or "0"
    if len(digits) > _EXACT_DIGITS:
        raise Rejected("out of range")
    return -int(digits) if sign == "-" else int(digits)


def parse_uint(text: str) -> int:
    """A decimal number as strtoull(3) reads it: ``-1`` wraps to the largest."""
    value = parse_int(text)
    if abs(value) > UINT64_MAX:
        raise Rejected("out of range")
    return value & UINT64_MAX


def parse_scaled(text: str, units: Mapping[str, int], what: str) -> int:
    """A number as strtod(3) reads it times its unit, truncated, at most 64 bits.

    Digits without point or exponent are exact; all else has the precision of a
    double.
    """
    match = _NUMBER.match(text)
    if match is None:
        raise Rejected(f"not a {what}" if text else f"empty, not a {what}")
    unit = text[match.end() :]
    factor = units.get(unit)
    if factor is None:
        raise Rejected(f"unknown unit {unit[:16]}")
    number = match["number"]
    if number.isdecimal() and len(number) <= _EXACT_DIGITS:
        value = int(number) * factor
    else:
        value = _truncated(_double(number) * factor)
    if value < 0:
        raise Rejected("negative")
    if value > UINT64_MAX:
        raise Rejected("above 2^64-1")
    return value


def _double(number: str) -> float:
    try:
        return float.fromhex(number) if "x" in number.lower() else float(number)
    except OverflowError:
        return -math.inf if number.startswith("-") else math.inf


def _truncated(value: float) -> int:
    if value < 0:
        return -1
    # inf * 0 is nan: an infinite number of a unit too small to count
    return UINT64_MAX + 1 if math.isinf(value) or math.isnan(value) else int(value)


def split_raw(text: str) -> list[str]:
    """The parts of `text` between unescaped ``;``, with their escapes.

    Parts of blanks only are left out.
    """
    parts = _PART.findall(text) if "\\" in text else text.split(";")
    return [part for part in parts if part.strip(BLANKS)]


def escape(text: str, separators: str) -> str:
    """`text` with backslashes before backslashes and separators."""
    if "\\" in text or any(separator in text for separator in separators):
        return re.sub(rf"([\\{separators}])", r"\\\1", text)
    return text


def unescape(text: str, separators: str) -> str:
    """The opposite of `escape`; other backslashes stay."""
    return re.sub(rf"\\([\\{separators}])", r"\1", text) if "\\" in text else text


def split_map(text: str) -> Iterator[tuple[str, str]]:
    """``key: value; key: value`` as pairs, trimmed, in order."""
    check_text(text)
    for part in split_raw(text):
        words = _split_words(part)
        if len(words) != 2:
            raise Rejected(f"{shown(part.strip(BLANKS))} is not of the form key: value")
        key, value = (unescape(word.strip(BLANKS), ";:") for word in words)
        yield key, value


def join_map(pairs: Iterable[tuple[str, str]]) -> str:
    """The text of pairs: ``key: value; key: value``."""
    return "; ".join(f"{escape(key, ';:')}: {escape(value, ';:')}" for key, value in pairs)


def _split_words(part: str) -> list[str]:
    if "\\" not in part:
        return part.split(":")
    words = []
    start = 0
    for match in re.finditer(r"\\[\\;:]|:", part):
        if match.group() == ":":
            words.append(part[start : match.start()])
            start = match.end()
    return [*words, part[start:]]
