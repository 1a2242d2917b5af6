"""Operations are encoded as the executor decodes them: same names, same fields."""

import re
from pathlib import Path

import pytest

from porto.launcher import build, encoding, ops

KINDS = {kind.__name__: kind for kind in ops.Op.__subclasses__()}


def operations_of_the_executor() -> dict[str, str]:
    """Name and field letters in the tables of its sources."""
    found: dict[str, str] = {}
    for source in build.PROGRAMS["executor"].sources:
        text = Path(build.HERE, source).read_text(encoding="utf-8")
        found.update(re.findall(r'^ +\{"(\w+)", "(\w*)", \w+\},$', text, re.MULTILINE))
    return found


def test_the_executor_has_every_operation_with_the_same_fields() -> None:
    expected = {name: encoding.letters(kind) for name, kind in KINDS.items()}
    assert operations_of_the_executor() == expected


def test_no_operation_has_more_fields_than_the_executor_takes() -> None:
    header = Path(build.HERE, "executor.h").read_text(encoding="utf-8")
    limit = re.search(r"MAX_FIELDS = (\d+)", header)
    assert limit is not None
    assert max(len(encoding.letters(kind)) for kind in KINDS.values()) <= int(limit[1])


def text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "little") + value + b"\0"


def number(value: int) -> bytes:
    return value.to_bytes(8, "little", signed=True)


ENCODED = [
    (ops.NewSession(), text(b"NewSession ")),
    (ops.SetUmask(0o27), text(b"SetUmask i") + number(0o27)),
    (
        ops.WriteFile("a", "\udcff", False),
        text(b"WriteFile ssi") + text(b"a") + text(b"\xff") + number(0),
    ),
    (
        ops.Mount(None, "/д", "", -1, None),
        text(b"Mount osoio")
        + b"\xff" * 4
        + text("/д".encode())
        + text(b"")
        + number(-1)
        + b"\xff" * 4,
    ),
    (
        ops.SetCredentials(1, 2, (3, 4)),
        text(b"SetCredentials iiI") + number(1) + number(2) + b"\2\0\0\0" + number(3) + number(4),
    ),
    (
        ops.SetCapabilities((1 << 64) - 1, 1 << 63),
        text(b"SetCapabilities ii") + number(-1) + number(-1 << 63),
    ),
    (
        ops.Execute(None, ("x", ""), (("A", "1=2"), ("A", "")), True),
        text(b"Execute oSEi")
        + b"\xff" * 4
        + (b"\2\0\0\0" + text(b"x") + text(b""))
        + (b"\1\0\0\0" + b"\1\0\0\0" + text(b"A="))
        + number(1),
    ),
]


@pytest.mark.parametrize(("operation", "expected"), ENCODED, ids=lambda x: type(x).__name__)
def test_an_operation_as_bytes(operation: ops.Op, expected: bytes) -> None:
    assert encoding.encode([operation]) == expected
    assert encoding.encode([operation, operation]) == expected * 2


def test_a_number_of_more_than_64_bits_is_refused() -> None:
    for huge in (1 << 64, -(1 << 63) - 1):
        with pytest.raises(OverflowError):
            encoding.encode([ops.SetUmask(huge)])


def test_a_field_of_another_type_cannot_be_encoded() -> None:
    with pytest.raises(TypeError, match="LaunchRequest"):
        encoding.letters(ops.LaunchRequest)  # type: ignore[arg-type]
