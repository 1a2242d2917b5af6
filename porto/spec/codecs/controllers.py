"""The codec of a set of cgroup controllers, whole or as changes to the default.

Used by `spec/containers/fields/cgroups.py`. Rules: manual section "CGROUPS". Which controllers a
host has is not known here: `spec/containers/rules/cgroups.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from porto.spec.codecs.numbers import Bool
from porto.spec.codecs.syntax import BLANKS, check_text, native_text, shown, split_map
from porto.spec.prop import Codec, Rejected

WORDS = (
    "freezer",
    "memory",
    "cpu",
    "cpuacct",
    "net_cls",
    "blkio",
    "devices",
    "hugetlb",
    "cpuset",
    "pids",
    "perf_event",
    "systemd",
    "cgroup2",
    "net_prio",
)
"""Every controller's name, in the order in which they are shown."""

_PLACE: Mapping[str, int] = {word: place for place, word in enumerate(WORDS)}
_BOOL = Bool()

ControllersValue = tuple[str, ...] | tuple[tuple[str, bool], ...]
"""Names: exactly these. Pairs: the default with these switched on or off."""


class ControllersCodec(Codec[ControllersValue]):
    """`name;name` the whole set, or `name: true; name: false` changes to the default."""

    indexed = True

    def parse(self, text: str) -> ControllersValue:
        """The names or changes, in the order of `WORDS`."""
        check_text(text)
        if ":" in text:
            return _changes(split_map(text))
        return ordered(part.strip(BLANKS) for part in text.split(";") if part.strip(BLANKS))

    def format(self, value: ControllersValue) -> str:
        """``name;name`` or ``name: true; name: false``."""
        if value and isinstance(value[0], tuple):
            return "; ".join(f"{name}: {_BOOL.format(bool(on))}" for name, on in value)
        return ";".join(map(str, value))

    def get_index(self, value: ControllersValue, index: str) -> str:
        """Whether the set has the controller, or all of ``a;b``."""
        asked = ordered(part.strip(BLANKS) for part in index.split(";") if part.strip(BLANKS))
        if not asked:
            raise Rejected("names no controller")
        return _BOOL.format(set(asked) <= chosen(value, ()))

    def set_index(self, value: ControllersValue, index: str, text: str) -> ControllersValue:
        """The value with one controller, or each of ``a;b``, switched on or off."""
        asked = ordered(part.strip(BLANKS) for part in index.split(";") if part.strip(BLANKS))
        if not asked:
            raise Rejected("names no controller")
        on = _BOOL.parse(text)
        if value and not isinstance(value[0], tuple):
            names = chosen(value, ())
            return ordered(names.union(asked) if on else names.difference(asked))
        changed = dict(value)  # type: ignore[arg-type]
        return _pairs({**changed, **dict.fromkeys(asked, on)})

    def native(self, value: Any) -> ControllersValue:
        """A document's list of names, or mapping of names to booleans."""
        if isinstance(value, Mapping):
            return _changes((native_text(key), on) for key, on in value.items())
        if not isinstance(value, (list, tuple)):
            raise Rejected(f"wants a list or mapping of names, not {type(value).__name__}")
        if value and all(isinstance(item, (list, tuple)) for item in value):
            if any(len(item) != 2 for item in value):
                raise Rejected("wants pairs of name and boolean")
            return _changes((native_text(key), on) for key, on in value)
        return ordered(native_text(item) for item in value)

    def native_schema(self) -> dict[str, Any]:
        """A JSON array of names, or an object of booleans."""
        words = {"enum": list(WORDS)}
        return {
            "anyOf": [
                {"type": "array", "items": words},
                {
                    "type": "object",
                    "propertyNames": words,
                    "additionalProperties": {"type": "boolean"},
                },
            ]
        }


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Known names, each once, in the order of `WORDS`; raises `Rejected`."""
    return tuple(sorted({_known(name) for name in names}, key=_PLACE.__getitem__))


def chosen(value: ControllersValue, default: Iterable[str]) -> frozenset[str]:
    """The set that a value stands for where `default` is the default."""
    if not value:
        return frozenset(default)
    if not isinstance(value[0], tuple):
        return frozenset(map(str, value))
    changes: dict[str, bool] = dict(value)
    return frozenset({*default, *changes} - {name for name, on in changes.items() if not on})


def _changes(pairs: Iterable[tuple[str, Any]]) -> ControllersValue:
    changes = {}
    for name, on in pairs:
        known = _known(name)
        try:
            changes[known] = _BOOL.parse(on) if isinstance(on, str) else _BOOL.native(on)
        except Rejected as refusal:
            raise Rejected(f"{name}: {refusal.reason}", refusal.code) from None
    return _pairs(changes)


def _pairs(changes: Mapping[str, bool]) -> tuple[tuple[str, bool], ...]:
    return tuple(sorted(changes.items(), key=lambda item: _PLACE[item[0]]))


def _known(name: str) -> str:
    if name not in _PLACE:
        raise Rejected(f"unknown controller {shown(name)}")
    return name
