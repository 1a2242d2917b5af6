r"""The ``.CT`` text format: one container as ``key = value`` lines.

`format_ct` is called by ``portoctl save``; `read_ct` by ``portoctl load`` and by
`sources/documents.py`, which turns the entries into a declared container.
Standard library only, because portoctl imports it. Manual section "FILES",
``/place/porto_containers/NAME.CT``. The format, as the first implementation wrote it::

    name = web/front
    command = sleep 1000
    private = two lines:\nthis is the second
    # a comment, and so is a line that starts with ;

- Lines end with a newline; each is split at its first ``=`` and both sides are
  trimmed. Empty lines are allowed (people write them).
- Backslash + n in a value is a newline and nothing else is escaped, so a value
  that itself contains backslash + n, or blanks at its ends, cannot be written so.
  For such a value the file says in a comment that all its values use full escapes::

      # escapes: full
      command = printf 'a\\nb'

  where ``\\`` ``\n`` ``\r`` ``\t`` ``\s`` are backslash, newline, carriage return,
  tab and space, and a backslash before anything else stands for itself. The comment
  stands above the values. Files
  without that comment are read as ever, and whatever the short form can carry is
  written in the short form, which old readers understand.
- The name of the container is in the file's name, with ``%`` for ``/``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SUFFIX = ".CT"
NAME_KEY = "name"
START_KEY = "start"
IGNORED_KEYS = frozenset({"weak", "root_pid", "cpu_set_affinity", "respawn_count"})
"""Keys that old files hold and no file may set; they are not saved either."""

ESCAPES_LINE = "# escapes: full"
ABSOLUTE_PREFIX = "/porto/"

_BLANK = " \t\r"
_UNESCAPED = {"\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\s": " "}
_FULL = re.compile(r"\\[\\nrts]")


class CtError(ValueError):
    """A ``.CT`` text that cannot be read or written; `line` is 0 when it has none."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key = value`` line."""

    key: str
    value: str
    line: int


def read_text(data: bytes) -> str:
    """The text of a file's bytes; raises `CtError` for what is not text."""
    nul = data.find(b"\0")
    if nul >= 0:
        raise CtError("not a text file: it contains a zero byte", data.count(b"\n", 0, nul) + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CtError(f"not UTF-8 text: {error.reason}", line) from error


def read_ct(data: bytes) -> tuple[list[Entry], list[CtError]]:
    """The entries of a ``.CT`` file in their order, and every line that is wrong."""
    try:
        text = read_text(data)
    except CtError as error:
        return [], [error]
    entries: list[Entry] = []
    errors: list[CtError] = []
    unescape = _unescape_short
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(_BLANK)
        if line == ESCAPES_LINE:
            unescape = _unescape_full
        if not line or line[0] in "#;":
            continue
        key, separator, value = line.partition("=")
        key = key.rstrip(_BLANK)
        if not separator:
            errors.append(CtError("the line has no '='", number))
        elif not key:
            errors.append(CtError("the line has no key before '='", number))
        else:
            entries.append(Entry(key, unescape(value.lstrip(_BLANK)), number))
    return entries, errors


def format_ct(name: str, values: Mapping[str, str]) -> str:
    """The ``.CT`` text of a container: its name, then `values` in byte order of keys.

    Raises `CtError` for what the format cannot carry: a zero byte, a key that would
    read back as something else.
    """
    _check_key(NAME_KEY, name)
    for key, value in values.items():
        _check_key(key, value)
    full = any(_unescape_short(_escape_short(v).strip(_BLANK)) != v for v in values.values())
    escape = _escape_full if full else _escape_short
    lines = [f"{NAME_KEY} = {name}"]
    if full:
        lines.append(ESCAPES_LINE)
    lines += [f"{key} = {escape(values[key])}" for key in sorted(values, key=str.encode)]
    return "\n".join(lines) + "\n"


def file_name(name: str) -> str:
    """The name of the file that holds container `name`: ``a/b`` is in ``a%b.CT``."""
    return name.replace("/", "%") + SUFFIX


def container_name(file: str) -> str:
    """The container that a file of that base name declares."""
    return file.removesuffix(SUFFIX).replace("%", "/").removeprefix(ABSOLUTE_PREFIX)


def _check_key(key: str, value: str) -> None:
    if not key or key.strip(_BLANK) != key or key[0] in "#;" or "=" in key or "\n" in key:
        raise CtError(f"{key!r} cannot be a key of a .CT file")
    if key == NAME_KEY and (value.strip(_BLANK) != value or "\n" in value or "\\" in value):
        raise CtError(f"{value!r} cannot be the name in a .CT file")
    if "\0" in key or "\0" in value:
        raise CtError(f"{key} contains a zero byte, which a .CT file cannot hold")
    try:
        (key + value).encode()
    except UnicodeEncodeError as error:
        raise CtError(f"{key} is not text that UTF-8 can hold") from error


def _escape_short(value: str) -> str:
    return value.replace("\n", "\\n")


def _unescape_short(text: str) -> str:
    return text.replace("\\n", "\n")


def _escape_full(value: str) -> str:
    body = value.strip(" ")
    left = len(value) - len(value.lstrip(" "))
    right = len(value) - len(body) - left
    body = body.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    body = body.replace("\t", "\\t")
    return "\\s" * left + body + "\\s" * right


def _unescape_full(text: str) -> str:
    return _FULL.sub(lambda match: _UNESCAPED[match[0]], text)
