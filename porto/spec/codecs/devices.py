"""The codec of device lists.

Used by `spec/containers/fields/devices.py` and for the configuration's presets. Syntax: manual
section "Filesystem", devices; a list of lists of words, where a backslash protects a
separator.
"""

import itertools
import os.path
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from porto.spec.codecs.names import GroupName, UserName
from porto.spec.codecs.syntax import check_text, escape, native_text, shown, split_raw, unescape
from porto.spec.prop import Codec, Rejected


class DeviceItem(NamedTuple):
    """One item of the list.

    device -- path of the host's node; `PRESET` for a group that the configuration names
    access -- letters in the order of `LETTERS`; the name of a preset
    name   -- path of the node in the container, inside /dev; "": the device's own
    mode   -- of that node, None: the host's
    user   -- its owner, "": the host's; likewise its group
    """

    device: str
    access: str
    name: str = ""
    mode: int | None = None
    user: str = ""
    group: str = ""


DevicesValue = tuple[DeviceItem, ...]

PRESET = "preset"
LETTERS = "rwm-*?"
MODE_MAX = 0o777
ITEMS_MAX = 512
"""Each pass looks at every one."""
PATH_MAX_BYTES = 4095

_SEPARATORS = "; \t\n"
_WORD = re.compile(r"(?:[^\\ \t\n]|\\[\\; \t\n]?)+")
_FIELDS = ("device", "access", "path", "mode", "user", "group")


class DevicesCodec(Codec[DevicesValue]):
    r"""`DEVICE [r][w][m][-][*][?] [NAME] [MODE] [USER] [GROUP]; preset NAME; ...`

    ``-`` takes access away, ``*`` means all minor numbers, ``?`` ignores a missing device.
    """

    indexed = True

    def parse(self, text: str) -> DevicesValue:
        """The items in their order."""
        return _limited(_item(words) for words in _split(text))

    def restore(self, text: str) -> DevicesValue:
        """The stored items; accounts may have gone since."""
        return _limited(_item(words, known=False) for words in _split(text))

    def format(self, value: DevicesValue) -> str:
        """Each item followed by ``; ``, the last one too, as clients expect it."""
        return "".join(f"{_join(_words(item))}; " for item in value)

    def get_index(self, value: DevicesValue, index: str) -> str:
        """What follows the path of one device; raises `Rejected` when it is not listed."""
        found = [_join(_words(item)[1:]) for item in value if item.device == index]
        if not found:
            raise Rejected(f"device {shown(index)} is not listed")
        return "; ".join(found)

    def set_index(self, value: DevicesValue, index: str, text: str) -> DevicesValue:
        """The items of one device replaced by one; empty text removes them."""
        check_text(index)
        at = next((i for i, item in enumerate(value) if item.device == index), len(value))
        kept = [item for item in value if item.device != index]
        if not text:
            return tuple(kept)
        lists = list(_split(text))
        if len(lists) != 1:
            raise Rejected("wants one item for one device")
        kept.insert(at, _item([index, *lists[0]]))
        return _limited(iter(kept))

    def native(self, value: Any) -> DevicesValue:
        """A document's list of texts, mappings or lists; or a mapping of device to the rest."""
        if isinstance(value, Mapping):
            pairs = [(native_text(key), native_text(rest)) for key, rest in value.items()]
            return _limited(_item([key, *_only(rest)]) for key, rest in pairs)
        if not isinstance(value, (list, tuple)):
            raise Rejected(f"wants a list or text, not {type(value).__name__}")
        return _limited(_native_item(item) for item in value)

    def native_schema(self) -> dict[str, Any]:
        """A JSON list of texts or objects, or an object."""
        text, number = {"type": "string"}, {"type": ["string", "integer"]}
        fields = dict.fromkeys(_FIELDS, text) | {"mode": number, "user": number, "group": number}
        item = {
            "type": "object",
            "properties": fields,
            "required": ["device", "access"],
            "additionalProperties": False,
        }
        return {
            "anyOf": [
                {"type": "array", "items": {"anyOf": [text, item]}},
                {"type": "object", "additionalProperties": text},
            ]
        }


def mode_text(mode: int | None) -> str:
    """Octal digits with a leading 0; "" for None."""
    return "" if mode is None else f"0{mode:o}" if mode else "0"


def _split(text: str) -> Iterator[list[str]]:
    """The words of each item, without their escapes."""
    check_text(text)
    for part in split_raw(text):
        yield [unescape(word, _SEPARATORS) for word in _WORD.findall(part)]


def _only(text: str) -> list[str]:
    """The words of a text that is one item."""
    lists = list(_split(text))
    if len(lists) != 1:
        raise Rejected(f"{shown(text)} is not one item")
    return lists[0]


def _join(words: list[str]) -> str:
    return " ".join(escape(word, _SEPARATORS) for word in words)


def _words(item: DeviceItem) -> list[str]:
    words = [
        item.device,
        item.access,
        item.name,
        mode_text(item.mode),
        item.user,
        item.group,
    ]
    return [word for word in words if word]


def _limited(items: Iterator[DeviceItem]) -> DevicesValue:
    value = tuple(itertools.islice(items, ITEMS_MAX + 1))
    if len(value) > ITEMS_MAX:
        raise Rejected(f"more than {ITEMS_MAX} items")
    return value


def _item(words: list[str], *, known: bool = True) -> DeviceItem:
    """One item of its words; `known`: accounts must exist."""
    if words[0] == PRESET:
        if len(words) != 2 or not words[1]:
            raise Rejected("a preset wants one name")
        return DeviceItem(PRESET, words[1])
    if not 2 <= len(words) <= len(_FIELDS):
        raise Rejected(
            f"{shown(words[0])} wants its access, and at most a name, mode, user and group"
        )
    device, access, name, mode, user, group = (*words, "", "", "", "")[: len(_FIELDS)]
    return DeviceItem(
        _path(device),
        _access(device, access),
        _node_name(name) if name else "",
        _mode(mode) if mode else None,
        _account(UserName(), user, known),
        _account(GroupName(), group, known),
    )


def _native_item(value: Any) -> DeviceItem:
    if isinstance(value, str):
        return _item(_only(value))
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in _FIELDS]
        if unknown:
            raise Rejected(f"unknown key {shown(str(unknown[0]))}")
        fields = [value.get(key) for key in _FIELDS]
    elif isinstance(value, (list, tuple)):
        fields = [*value, *[None] * len(_FIELDS)]
        if len(value) > len(_FIELDS):
            raise Rejected(f"an item has at most {len(_FIELDS)} words")
    else:
        raise Rejected(f"an item is a text, a mapping or a list, not {type(value).__name__}")
    words = ["" if field is None else _native_word(field, i) for i, field in enumerate(fields)]
    words = [check_text(word) for word in words[: len(_FIELDS)]]
    while words and not words[-1]:
        words.pop()
    if not words:
        raise Rejected("an item is empty")
    if len(words) > 3 and not words[2]:
        words[2] = words[0]
    if "" in words:
        raise Rejected(f"{shown(words[0])}: {_FIELDS[words.index('')]} is missing")
    return _item(words)


def _native_word(value: Any, position: int) -> str:
    # A number is a mode as it is, not its octal digits.
    if _FIELDS[position] == "mode" and isinstance(value, int) and not isinstance(value, bool):
        return f"{value:o}" if 0 <= value <= MODE_MAX else "out of range"
    return native_text(value)


def _path(path: str) -> str:
    if not path.startswith("/") or os.path.normpath(path) != path or path.startswith("//"):
        raise Rejected(f"{shown(path)} is not a normal absolute path")
    if len(path.encode()) > PATH_MAX_BYTES:
        raise Rejected(f"{shown(path)} is too long")
    return path


def _access(device: str, letters: str) -> str:
    unknown = set(letters) - set(LETTERS)
    if unknown:
        raise Rejected(f"access {shown(letters)} to {shown(device)} is not of {LETTERS}")
    present = set(letters)
    if present & set("rwm"):
        present.discard("-")  # "rw-" leaves out, it does not take away
    elif "-" not in present:
        raise Rejected(f"access {shown(letters)} to {shown(device)} has none of r, w, m and -")
    return "".join(letter for letter in LETTERS if letter in present)


def _node_name(name: str) -> str:
    """The absolute path; a name alone is one in /dev."""
    path = _path(name if name.startswith("/") else f"/dev/{name}")
    if not path.startswith("/dev/"):
        raise Rejected(f"node {shown(name)} is not inside /dev")
    return path


def _mode(text: str) -> int:
    if not re.fullmatch("[0-7]{1,8}", text) or int(text, 8) > MODE_MAX:
        raise Rejected(f"mode {shown(text)} is not octal or above {MODE_MAX:04o}")
    return int(text, 8)


def _account(codec: UserName | GroupName, text: str, known: bool) -> str:
    if not text:
        return ""
    try:
        return codec.parse(text) if known else codec.restore(text)
    except Rejected as refusal:
        raise Rejected(f"{codec.noun} {shown(text)}: {refusal.reason}") from None
