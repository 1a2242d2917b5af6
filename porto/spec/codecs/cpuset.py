"""The codec of CPU sets: which CPUs a container asks for.

Used by `spec/containers/fields/cpuset.py`. Syntax: manual section "CPU", cpu_set. The words `jail`
and `mems` of later releases are refused.
"""

import re
from collections.abc import Mapping
from typing import Any

from porto.spec.codecs.numbers import native_int
from porto.spec.codecs.syntax import native_text, shown
from porto.spec.cpulist import CPU_MAX, format_cpus, parse_cpus
from porto.spec.prop import Codec, Rejected

CpuSetValue = tuple[str, str]
"""(kind, argument): `INHERIT` and "", `MASK` and a canonical list, or a word and a number."""

INHERIT: CpuSetValue = ("inherit", "")
MASK = "set"
COUNTED = ("node", "cores", "threads", "reserve")
EXCLUSIVE = frozenset({"cores", "threads", "reserve"})
"""Kinds that take CPUs away from the others."""

_LATER = frozenset({"jail", "mems"})
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


class CpuSetCodec(Codec[CpuSetValue]):
    """`N,N-M,...`, `node N`, `reserve N`, `threads N` or `cores N`; empty, `all`: no wish."""

    def parse(self, text: str) -> CpuSetValue:
        """The kind and its argument."""
        words = text.split()
        if not words or words in (["all"], ["inherit"]):
            return INHERIT
        if ";" in text or words[0] in _LATER:
            raise Rejected("jail and mems are not known to this release")
        if len(words) == 1:
            return MASK, _list(words[0])
        if words[0] not in COUNTED:
            raise Rejected(f"{shown(words[0])} is none of {', '.join(COUNTED)}")
        if len(words) != 2:
            raise Rejected(f"{words[0]} wants one number")
        return words[0], _number(words[0], words[1])

    def format(self, value: CpuSetValue) -> str:
        """As it is parsed; empty when there is no wish."""
        kind, argument = value
        return argument if kind == MASK or value == INHERIT else f"{kind} {argument}"

    def native(self, value: Any) -> CpuSetValue:
        """A document's CPU number, list of them, or mapping of a word to its number."""
        if isinstance(value, Mapping):
            value = [item for pair in value.items() for item in pair]
        if not isinstance(value, (list, tuple)):
            return self.parse(str(native_int(value)))
        if any(isinstance(item, str) for item in value):
            words = [native_text(item) for item in value]
            return self.parse(" ".join(words[1:] if words[0] == MASK else words))
        return self.parse(",".join(str(native_int(item)) for item in value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON integer, array of them, or object of one word and its number."""
        cpu = {"type": "integer", "minimum": 0, "maximum": CPU_MAX}
        return {
            "anyOf": [
                cpu,
                {"type": "array", "items": cpu},
                {
                    "type": "object",
                    "propertyNames": {"enum": list(COUNTED)},
                    "additionalProperties": cpu,
                    "maxProperties": 1,
                },
            ]
        }


class CpuListCodec(Codec[str]):
    """`N,N-M,...`"""

    def parse(self, text: str) -> str:
        """The canonical list; empty text is the empty set."""
        return _list(text.strip()) if text.strip() else ""

    def format(self, value: str) -> str:
        """The list itself."""
        return value

    def native(self, value: Any) -> str:
        """A document's text."""
        return self.parse(native_text(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON string."""
        return {"type": "string"}


def _list(text: str) -> str:
    try:
        return format_cpus(parse_cpus(text))
    except ValueError as error:
        raise Rejected(str(error)) from None


def _number(word: str, text: str) -> str:
    lowest = 0 if word == "node" else 1
    number = int(text) if _NUMBER.fullmatch(text) else -1
    if not lowest <= number <= CPU_MAX:
        raise Rejected(f"{word} wants a number of {lowest}..{CPU_MAX}")
    return str(number)
