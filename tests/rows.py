"""Bad values: one row per property and text, with the EError that refuses it.

Generated from the property registry: rows by codec class, then rows of single
properties. tests/unit/spec/test_bad_values.py tries them on the operations,
tests/kernel/test_bad_values.py on a daemon. A settable property whose codec has no rows
here fails both. Codes: the reference of the original, manual section "Properties".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from porto.spec.codecs.labels import LABEL_NAME_MAX, LABEL_VALUE_MAX
from porto.spec.codecs.text import PATH_MAX_BYTES, Text
from porto.spec.containers.spec import PROPERTIES
from porto.spec.errors import EError
from porto.spec.prop import Property

INVALID = EError.InvalidValue
UNKNOWN = EError.Unknown
BEYOND = str(1 << 64)
HUGE = "9" * 5000
NOT_UTF8 = "\udcff\udcfe"
"""As `surrogateescape` reads it; goes over the wire as the bytes ff fe."""


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt.

    stopped, running -- the code in that state, None where the value is good
    host             -- the refusal needs a real machine to look at
    """

    prop: str
    id: str
    text: str
    stopped: EError | None
    running: EError | None
    index: str | None = None
    host: bool = False

    @property
    def name(self) -> str:
        """The property as a client names it."""
        return self.prop if self.index is None else f"{self.prop}[{self.index}]"


Text_ = tuple[str, str]
"""(id, text)"""

_NUL: Text_ = ("nul", "1\0")
_NUMBER: tuple[Text_, ...] = (
    ("word", "many"),
    ("nan", "nan"),
    ("minus-nan", "-nan"),
    ("two", "1 2"),
    ("list", "1;2"),
    ("comma", "1,5"),
    ("underscore", "1_0"),
    ("arabic", "\u0661"),
    ("newline", "1\n2"),
    ("not-utf8", NOT_UTF8),
    ("huge", HUGE),
    ("beyond", BEYOND),
    ("exponent", "1e400"),
    _NUL,
)
_INTEGER: tuple[Text_, ...] = (
    *_NUMBER,
    ("empty", ""),
    ("float", "1.5"),
    ("hex", "0x10"),
    ("inf", "inf"),
    ("unit", "1K"),
)
_AMOUNT: tuple[Text_, ...] = (
    *_NUMBER,
    ("inf", "inf"),
    ("negative", "-1"),
    ("negative-float", "-0.5"),
    ("negative-inf", "-inf"),
    ("unit-alone", "K"),
    ("unit", "12Q"),
)
_SIZE: tuple[Text_, ...] = (
    *_AMOUNT,
    ("units", "1KK"),
    ("bytes", "5Bb"),
    ("exabytes", "16E"),
    ("hex-beyond", "0x" + "f" * 17),
)
_BOOL: tuple[Text_, ...] = (
    ("empty", ""),
    ("one", "1"),
    ("zero", "0"),
    ("yes", "yes"),
    ("upper", "TRUE"),
    ("capital", "False"),
    ("two", "true false"),
    ("nul", "true\0"),
    ("not-utf8", NOT_UTF8),
    ("huge", "true" * 5000),
)
_WORD: tuple[Text_, ...] = (
    ("word", "nonsense"),
    ("two", "normal rt"),
    ("upper", "NORMAL"),
    ("nul", "normal\0"),
    ("newline", "nor\nmal"),
    ("not-utf8", NOT_UTF8),
    ("huge", "x" * 5000),
)
_PLAIN: tuple[Text_, ...] = (("nul", "a\0b"), ("not-utf8", f"a{NOT_UTF8}"))
_ACCOUNT: tuple[Text_, ...] = (
    ("empty", ""),
    ("unknown", "no-such-account"),
    ("negative", "-1"),
    ("minus-one", "4294967295"),
    ("beyond", BEYOND),
    ("nul", "root\0"),
    ("newline", "root\nroot"),
    ("not-utf8", NOT_UTF8),
    ("huge", "x" * 5000),
)
_MAP: tuple[Text_, ...] = (
    ("no-value", "a"),
    ("two-colons", "a: 1: 2"),
    ("nul", "a\0: 1"),
    ("not-utf8", f"{NOT_UTF8}: 1"),
)
_UINT_MAP: tuple[Text_, ...] = (
    *_MAP,
    ("no-number", "a: b"),
    ("empty-number", "a:"),
    ("no-key", ": 1"),
    ("negative", "a: -1"),
    ("nan", "a: nan"),
    ("beyond", f"a: {BEYOND}"),
    ("unit", "a: 1Q"),
)

INVALID_TEXTS: Mapping[str, tuple[Text_, ...]] = {
    "ArgvCodec": (*_PLAIN, ("no-program", "a\\\0")),
    "ControllersCodec": (
        ("unknown", "freezer;nonsense"),
        ("capital", "Freezer"),
        ("blank", "freezer memory"),
        ("comma", "freezer,memory"),
        ("nul", "freezer\0"),
        ("not-utf8", NOT_UTF8),
        ("two-colons", "memory: true: false"),
        ("unknown-change", "nonsense: true"),
        ("huge", "x" * 5000),
    ),
    "CpuPower": (*_AMOUNT, ("empty", ""), ("cores", "1C"), ("cores-beyond", f"{BEYOND}c")),
    "CpuSetCodec": (
        ("word", "nonsense"),
        ("words", "nonsense 1"),
        ("three", "threads 1 2"),
        ("no-number", "threads"),
        ("two-numbers", "1 2"),
        ("backwards", "3-1"),
        ("open", "1-"),
        ("negative", "-1"),
        ("float", "1.5"),
        ("beyond", BEYOND),
        ("range-beyond", f"0-{BEYOND}"),
        ("number-65536", "65536"),
        ("node-negative", "node -1"),
        ("node-word", "node x"),
        ("threads-zero", "threads 0"),
        ("cores-zero", "cores 0"),
        ("reserve-zero", "reserve 0"),
        ("threads-float", "threads 1.5"),
        ("threads-beyond", f"threads {BEYOND}"),
        ("nul", "1\0"),
        ("not-utf8", NOT_UTF8),
        ("huge", "1," * 5000 + "x"),
    ),
    "DevicesCodec": (
        ("no-access", "/dev/null"),
        ("access", "/dev/null x"),
        ("relative", "dev/null rw"),
        ("not-normal", "/dev/../dev/null rw"),
        ("outside", "/dev/null rw /etc/null"),
        ("mode", "/dev/null rw null 999"),
        ("mode-large", "/dev/null rw null 7777"),
        ("user", "/dev/null rw null 666 no-such-account"),
        ("words", "/dev/null rw null 666 root root root"),
        ("preset", "preset"),
        ("nul", "/dev/null\0 rw"),
        ("not-utf8", f"/dev/{NOT_UTF8} rw"),
    ),
    "DiskLimits": (
        *(row for row in _UINT_MAP if row[0] != "no-value"),
        ("word", "many"),
        ("suffix", "sda x: 1"),
        ("negative-alone", "-1"),
        ("beyond-alone", BEYOND),
    ),
    "Duration": (*_AMOUNT, ("empty", ""), ("minutes", "5m"), ("seconds-beyond", "1e30s")),
    "EnvCodec": (*_PLAIN, ("no-name", "=x"), ("blank-name", "A B=c"), ("newline-name", "A\n: x")),
    "GroupName": _ACCOUNT,
    "Int": (*_INTEGER, ("sign", "-")),
    "LabelsCodec": _MAP[:2],
    "Octal": (
        *(row for row in _INTEGER if row[0] != "two"),
        ("eight", "8"),
        ("prefix", "0o7"),
        ("negative", "-1"),
        ("bits", "40000000000"),
    ),
    "OptionalSize": _SIZE,
    "PathText": (*_PLAIN, ("long", "/" + "x" * PATH_MAX_BYTES)),
    "Period": (
        *_AMOUNT,
        ("empty", ""),
        ("short", "999us"),
        ("long", "1001ms"),
        ("zero", "0"),
        ("minutes", "1m"),
    ),
    "Seconds": (*_INTEGER, ("minus-beyond", f"-{BEYOND}")),
    "Size": (*_SIZE, ("empty", "")),
    "Text": _PLAIN,
    "UintMapCodec": _UINT_MAP,
    "UlimitCodec": (
        ("type", "files: 1"),
        ("no-value", "nofile"),
        ("empty-value", "nofile:"),
        ("three", "nofile: 1 2 3"),
        ("two-colons", "nofile: 1: 2"),
        ("word", "nofile: many"),
        ("nan", "nofile: nan"),
        ("soft-above-hard", "nofile: 2 1"),
        ("negative", "nofile: -2"),
        ("beyond", f"nofile: {BEYOND}"),
        ("nul", "nofile: 1\0"),
        ("not-utf8", f"nofile: {NOT_UTF8}"),
    ),
    "UserName": _ACCOUNT,
    "Weight": (
        *_AMOUNT,
        ("empty", ""),
        ("zero", "0"),
        ("small", "0.009"),
        ("large", "100.01"),
        ("percent", "1%"),
    ),
    "Word": _WORD,
}
"""InvalidValue in every state where the property may be set, by codec class."""

UNKNOWN_TEXTS: Mapping[str, tuple[Text_, ...]] = {
    "Bool": _BOOL,
    "ControllersCodec": (("bool", "memory: maybe"), ("no-bool", "memory:")),
}
"""The same for Unknown, which is what a bad boolean answers."""

_LABELS: tuple[tuple[str, str, EError], ...] = (
    ("lower", "web.a: 1", EError.InvalidLabel),
    ("short", "W.a: 1", EError.InvalidLabel),
    ("reserved", "PORTO.a: 1", EError.InvalidLabel),
    ("blank", "WEB.a: x y", EError.InvalidLabel),
    ("name-long", f"WEB.{'x' * LABEL_NAME_MAX}: 1", EError.InvalidLabel),
    ("value-long", f"WEB.a: {'x' * (LABEL_VALUE_MAX + 1)}", EError.InvalidLabel),
    ("many", "; ".join(f"WEB.a{n}: 1" for n in range(200)), EError.ResourceNotAvailable),
)

_CONTROLLERS: tuple[tuple[str, str, EError], ...] = (
    ("none", "", INVALID),
    ("no-freezer", "memory;cpu", INVALID),
    ("freezer-off", "freezer: false", INVALID),
    ("not-here", "systemd: true", EError.NotSupported),
    ("not-here-either", "cgroup2: true", EError.NotSupported),
)

SPECIAL: Mapping[str, tuple[tuple[str, str, EError], ...]] = {
    "labels": _LABELS,
    "controllers": _CONTROLLERS,
    "memory_limit": (("one", "1", INVALID), ("small", "1048575", INVALID)),
    "anon_limit": (("small", "1048575", INVALID),),
    "dirty_limit": (("small", "1048575", INVALID),),
    "oom_score_adj": (("low", "-1001", INVALID), ("high", "1001", INVALID)),
    "max_respawns": (("low", str(-(1 << 63) - 1), INVALID), ("high", str(1 << 63), INVALID)),
    "respawn_count": (("negative", "-1", INVALID),),
    "private": (("long", "x" * 4097, INVALID),),
    "command": (("long", "x" * (128 * 1024 + 1), INVALID),),
    "command_argv": (("long", "x\t" * (64 * 1024 + 1), INVALID),),
}
"""Rows of single properties, refused in every state where it may be set."""

ON_HOST: tuple[Row, ...] = (
    Row(
        "memory_guarantee",
        "more-than-there-is",
        "8E",
        EError.ResourceNotAvailable,
        EError.ResourceNotAvailable,
        host=True,
    ),
    *(
        Row("cpu_set", f"no-such-{word or 'cpu'}", f"{word} 4000".strip(), None, code, host=True)
        for word in ("", "node", "threads", "cores", "reserve")
        for code in (EError.ResourceNotAvailable,)
    ),
    *(
        Row(prop, name, text, INVALID, INVALID, host=True)
        for prop in ("io_limit", "io_ops_limit")
        for name, text in (
            ("no-such-disk", "no-such-disk: 1"),
            ("no-such-device", "4000:4000 r: 1"),
            ("no-such-path", "/no/such/path w: 1"),
        )
    ),
    *(
        Row("devices", name, text, code, code, host=True)
        for name, text, code in (
            ("missing", "/dev/no-such-device rw", EError.DeviceNotFound),
            ("no-device", "/etc/passwd rw", INVALID),
            ("directory", "/dev/pts rw", INVALID),
            ("no-preset", "preset no-such-preset", INVALID),
        )
    ),
)
"""What only the machine can refuse."""

INDEXED: tuple[Row, ...] = tuple(
    Row(prop, f"at-{name}", text, code, code, index=index)
    for prop, index, name, text, code in (
        ("controllers", "freezer", "freezer", "false", INVALID),
        ("controllers", "nonsense", "unknown", "true", INVALID),
        ("controllers", "memory;nonsense", "list", "true", INVALID),
        ("controllers", "memory", "bool", "yes", UNKNOWN),
        ("controllers", "memory", "empty", "", UNKNOWN),
        ("controllers", "systemd", "not-here", "true", EError.NotSupported),
        ("ulimit", "files", "unknown", "1", INVALID),
        ("ulimit", "nofile", "word", "many", INVALID),
        ("ulimit", "nofile", "soft-above-hard", "2 1", INVALID),
        ("env", "A=B", "name", "x", INVALID),
        ("env", "A", "nul", "\0", INVALID),
        ("labels", "web.a", "lower", "1", EError.InvalidLabel),
        ("labels", "WEB.a", "blank", "a b", EError.InvalidLabel),
        ("command_argv", "5", "far", "x", EError.InvalidProperty),
        ("command_argv", "x", "word", "x", EError.InvalidProperty),
        ("command_argv", "-1", "negative", "x", EError.InvalidProperty),
        ("io_limit", "sda x", "suffix", "1", INVALID),
        ("io_limit", "/", "negative", "-1", INVALID),
        ("io_limit", "/", "nan", "nan", INVALID),
        ("io_ops_limit", "sda x", "suffix", "1", INVALID),
        ("devices", "/dev/null", "access", "x", INVALID),
        ("devices", "null", "relative", "rw", INVALID),
    )
)


def settable() -> Iterator[Property]:
    """Every property that can be set, status ones included."""
    return (prop for prop in PROPERTIES.values() if not prop.prop.read_only)


def _shared(prop: Property) -> Iterator[tuple[str, str, EError]]:
    """Rows that follow from the codec."""
    name = type(prop.codec).__name__
    for id_, text in INVALID_TEXTS.get(name, ()):
        yield id_, text, INVALID
    for id_, text in UNKNOWN_TEXTS.get(name, ()):
        yield id_, text, UNKNOWN
    if not isinstance(prop.codec, Text):
        yield "mebibyte", "\x01" * ((1 << 20) + 1), INVALID


def rows() -> tuple[Row, ...]:
    """All of them, for the properties that the registry has."""
    found: list[Row] = []
    for prop in settable():
        for id_, text, code in (*_shared(prop), *SPECIAL.get(prop.name, ())):
            found.append(Row(prop.name, id_, text, code, code))
        if not prop.indexed:
            found.append(Row(prop.name, "no-elements", "1", INVALID, INVALID, index="x"))
    found += [row for row in (*INDEXED, *ON_HOST) if row.prop in PROPERTIES]
    return tuple(found)


def read_only() -> tuple[str, ...]:
    """Properties that nobody may set."""
    return tuple(prop.name for prop in PROPERTIES.values() if prop.prop.read_only)


ROWS = rows()
