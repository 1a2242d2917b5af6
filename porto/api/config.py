"""Reads the daemon's configuration files, protobuf text format.

Called by `cli/` once per start; the result is handed down. By default the files
are those of the manual's section "FILES", read in this order, later ones winning:

1. ``/etc/portod.conf``, or when that cannot be opened ``/etc/default/portod.conf``,
2. ``/etc/portod.conf.d/*.conf``, sorted by name.

A host must not lose its containers over a typing error: what is wrong with a
default file is reported and what stands before the error counts. A file that was
named explicitly has to be right.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from porto.api import config_pb2
from porto.spec.config import Config, build_config

MAIN_FILE = "/etc/portod.conf"
FALLBACK_FILE = "/etc/default/portod.conf"
DIRECTORY = "/etc/portod.conf.d"
FILE_MAX_BYTES = 16 << 20
NO_EFFECT_FROM = 100
"""Fields of config.proto with this number or above are ignored without a word."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """What is wrong with a configuration file; line and column count from 1, 0: no place."""

    path: str
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        """``FILE:LINE:COLUMN: REASON``."""
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.path}{place}: {self.reason}"


class ConfigError(Exception):
    """An explicitly named configuration file cannot be used."""

    def __init__(self, problem: ConfigProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration and what its reader should be told.

    files    -- the files that were read, in order
    problems -- faults of default files
    ignored  -- keys that are set, known and without effect in this release
    """

    config: Config
    files: tuple[str, ...]
    problems: tuple[ConfigProblem, ...]
    ignored: tuple[str, ...]


def load_config(paths: Sequence[str] | None = None) -> Config:
    """The configuration of `paths`, or of the default files.

    Raises `ConfigError` for a fault of an explicit file; for the faults of default
    files see `read_config`.
    """
    return read_config(paths).config


def read_config(paths: Sequence[str] | None = None, *, root: str = "") -> LoadedConfig:
    """As `load_config`, with what is to be logged. `root` is put before default paths."""
    message = config_pb2.Config()
    problems: list[ConfigProblem] = []
    files: list[str] = []
    sources = _defaults(root, problems) if paths is None else _explicit(paths)
    for path, text in sources:
        files.append(path)
        problem = _merge(message, path, text)
        if problem is not None:
            problems.append(problem)
    config, refused = build_config(_values(message))
    where = ", ".join(files)
    problems += [ConfigProblem(where, 0, 0, f"{key}: {reason}") for key, reason in refused]
    if paths is not None and problems:
        raise ConfigError(problems[0])
    return LoadedConfig(config, tuple(files), tuple(problems), tuple(sorted(_ignored(message))))


def _explicit(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        try:
            yield path, _read(path)
        except OSError as error:
            raise ConfigError(_unreadable(path, error)) from error
        except ValueError as error:
            raise ConfigError(ConfigProblem(path, 0, 0, str(error))) from error


def _defaults(root: str, problems: list[ConfigProblem]) -> Iterator[tuple[str, str]]:
    for path in (root + MAIN_FILE, root + FALLBACK_FILE):
        text = _try_read(path, problems)
        if text is not None:
            yield path, text
            break
    directory = root + DIRECTORY
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".conf"))
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(_unreadable(directory, error))
        return
    for name in names:
        text = _try_read(f"{directory}/{name}", problems)
        if text is not None:
            yield f"{directory}/{name}", text


def _try_read(path: str, problems: list[ConfigProblem]) -> str | None:
    try:
        return _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        problems.append(_unreadable(path, error))
    except ValueError as error:
        problems.append(ConfigProblem(path, 0, 0, str(error)))
    return None


def _read(path: str) -> str:
    """A regular file's text; ValueError for what is not one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        data = file.read(FILE_MAX_BYTES + 1)
    if len(data) > FILE_MAX_BYTES:
        raise ValueError(f"larger than {FILE_MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8 text") from error


def _merge(message: Message, path: str, text: str) -> ConfigProblem | None:
    """Read `text` into `message`; what stands before an error stays in it."""
    try:
        text_format.Merge(text, message)
    except text_format.ParseError as error:
        line, column = error.GetLine() or 0, error.GetColumn() or 0
        return ConfigProblem(path, line, column, _reason(error, line, column))
    except RecursionError:
        return ConfigProblem(path, 0, 0, "nested too deeply")
    return None


def _reason(error: Exception, line: int, column: int) -> str:
    """The parser's words without the place and without the line's text."""
    words = str(error).removeprefix(f"{line}:{column} : ")
    if words.startswith("'") and "': " in words:
        words = words.rpartition("': ")[2]
    return " ".join(words.split())


def _unreadable(path: str, error: OSError) -> ConfigProblem:
    return ConfigProblem(path, 0, 0, f"cannot read: {error.strerror or error}")


def _values(message: Message) -> dict[str, Any]:
    """The set keys that `Config` knows, as plain values, sections as mappings."""
    default = Config()
    values: dict[str, Any] = {}
    for field, value in message.ListFields():
        section = getattr(default, field.name, None)
        if section is None:
            continue
        if field.name == "spec_dir":
            values[field.name] = [_plain(item) for item in value]
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            known = type(section).model_fields
            values[field.name] = {
                key: {**getattr(section, key), **item} if isinstance(item, dict) else item
                for key, item in _plain(value).items()
                if key in known
            }
        else:
            values[field.name] = value
    return values


def _plain(message: Message) -> dict[str, Any]:
    """The set fields; repeated pairs of a name and a value become a mapping."""
    values: dict[str, Any] = {}
    for field, value in message.ListFields():
        kind = "" if field.message_type is None else field.message_type.name
        if kind == "Sysctl":
            values[field.name] = {item.key: item.val for item in value}
        elif kind == "DevicePreset":
            values[field.name] = {item.preset: "; ".join(item.device) for item in value}
        else:
            values[field.name] = value
    return values


def _ignored(message: Message) -> Iterator[str]:
    """Dotted names of the set keys that are known but without effect."""
    default = Config()
    for field, value in message.ListFields():
        if field.number >= NO_EFFECT_FROM or field.name == "spec_dir":
            continue
        section = getattr(default, field.name, None)
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        for inner, _ in value.ListFields():
            if inner.number < NO_EFFECT_FROM and not hasattr(section, inner.name):
                yield f"{field.name}.{inner.name}"
