"""The codec of resource limits.

Used by `spec/containers/fields/process.py` and for the configuration's default_ulimit.
Syntax: manual section "Context"; meaning: getrlimit(2).
"""

from typing import Any

from porto.spec.codecs.numbers import SIZE_UNITS
from porto.spec.codecs.syntax import (
    UINT64_MAX,
    native_pairs,
    native_text,
    parse_scaled,
    shown,
    split_map,
)
from porto.spec.prop import Codec, Rejected

UlimitValue = tuple[tuple[str, int, int], ...]
"""(type, soft, hard) sorted by type; `UNLIMITED` stands for RLIM_INFINITY."""

UNLIMITED = -1
TYPES = (
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
)
_UNLIMITED_WORDS = frozenset({"unlimited", "unlim", "inf", "-1"})


class UlimitCodec(Codec[UlimitValue]):
    """`TYPE: soft|unlimited [hard|unlimited]; ...`: one number is both."""

    indexed = True

    def parse(self, text: str) -> UlimitValue:
        """The limits; a later duplicate overwrites."""
        return _sorted({name: _limits(name, words) for name, words in split_map(text)})

    def format(self, value: UlimitValue) -> str:
        """Each limit followed by ``; ``, the last one too, as clients expect it."""
        return "".join(f"{name}: {_words(soft, hard)}; " for name, soft, hard in value)

    def get_index(self, value: UlimitValue, index: str) -> str:
        """Soft and hard limit of one type; raises `Rejected` when it is not set."""
        for name, soft, hard in value:
            if name == index:
                return _words(soft, hard)
        raise Rejected(f"limit {shown(index)} is not set")

    def set_index(self, value: UlimitValue, index: str, text: str) -> UlimitValue:
        """One limit replaced; empty text removes it."""
        limits = {name: (soft, hard) for name, soft, hard in value}
        if text:
            limits[index] = _limits(index, text)
        else:
            limits.pop(_known(index), None)
        return _sorted(limits)

    def native(self, value: Any) -> UlimitValue:
        """A document's mapping of type to number, text or pair; or a list of triples."""
        limits = {}
        for name, *words in native_pairs(value):
            if len(words) == 1 and isinstance(words[0], (list, tuple)):
                words = list(words[0])
            text = " ".join(native_text(word) for word in words)
            limits[native_text(name)] = _limits(native_text(name), text)
        return _sorted(limits)

    def native_schema(self) -> dict[str, Any]:
        """A JSON object of type to number, text or pair."""
        limit = {"type": ["string", "integer"]}
        pair = {"type": "array", "items": limit, "minItems": 1, "maxItems": 2}
        return {
            "type": "object",
            "propertyNames": {"enum": list(TYPES)},
            "additionalProperties": {"anyOf": [limit, pair]},
        }


def _known(name: str) -> str:
    if name not in TYPES:
        raise Rejected(f"unknown limit {shown(name)}, not one of {', '.join(TYPES)}")
    return name


def _limits(name: str, text: str) -> tuple[int, int]:
    words = text.split()
    if not 1 <= len(words) <= 2:
        raise Rejected(f"{_known(name)} wants one or two limits, soft and hard")
    soft, hard = _number(_known(name), words[0]), _number(name, words[-1])
    if hard != UNLIMITED and not 0 <= soft <= hard:
        raise Rejected(f"the soft limit of {name} is above its hard limit")
    return soft, hard


def _number(name: str, word: str) -> int:
    if word in _UNLIMITED_WORDS:
        return UNLIMITED
    try:
        value = parse_scaled(word, SIZE_UNITS, "size")
    except Rejected as refusal:
        raise Rejected(f"{name} {shown(word)}: {refusal.reason}") from None
    return UNLIMITED if value == UINT64_MAX else value


def _words(soft: int, hard: int) -> str:
    return " ".join("unlimited" if limit == UNLIMITED else str(limit) for limit in (soft, hard))


def _sorted(limits: dict[str, tuple[int, int]]) -> UlimitValue:
    return tuple((name, soft, hard) for name, (soft, hard) in sorted(limits.items()))
