"""Words of a command and the places of its program."""

import ctypes
import errno
import os
from pathlib import Path

import pytest

from porto.launcher import words

ENV = {b"HOME": b"/home/x", b"A": b"1 2", b"IFS": b":"}


@pytest.fixture(autouse=True)
def environment() -> object:
    """The C library's environment is replaced by what is tested: put ours back."""
    yield
    words.set_environment(dict(os.environb))


@pytest.mark.parametrize(
    "command",
    [
        b"true",
        b"  sleep\t10  ",
        b"/usr/bin/env -i a=b --x=y,z @f:1 50%",
        b"a  b",
        b"-",
        b"x" * 10_000,
    ],
)
def test_plain_words_are_what_wordexp_says(command: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = words.expand(command, ENV)
    monkeypatch.setattr(words, "_PLAIN", b"")
    assert words.expand(command, ENV) == quick


@pytest.mark.parametrize("number", range(1, 256))
def test_a_plain_character_means_itself(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte on the quick way means anything to wordexp, at either end of a word."""
    byte = bytes([number])
    if byte not in words._PLAIN or byte in b" \t":
        return
    monkeypatch.setattr(words, "_PLAIN", b"")
    for command in (byte + b"a", b"a" + byte, byte, b"b" + byte + b"a"):
        assert words.expand(command, ENV) == [command]


def test_expansion_uses_only_the_given_environment() -> None:
    os.environ["PORTO_TEST_OURS"] = "ours"
    try:
        with pytest.raises(OSError, match="undefined variable"):
            words.expand(b"$PORTO_TEST_OURS", ENV)
    finally:
        del os.environ["PORTO_TEST_OURS"]
    assert words.expand(b"~/a '$A' \"$A\"", ENV) == [b"/home/x/a", b"$A", b"1 2"]
    assert words.expand(b"$A", ENV) == [b"1 2"]  # split by its IFS


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        (b"a|b", "bad character"),
        (b"a\nb", "bad character"),
        (b"a\0b", "bad character"),
        (b"$UNDEFINED", "undefined variable"),
        (b"$(id)", "command substitution"),
        (b"'", "syntax"),
        (b"", "empty"),
        (b" ", "empty"),
    ],
)
def test_a_refusal_names_command_and_cause(command: bytes, cause: str) -> None:
    with pytest.raises(OSError, match=cause) as caught:
        words.expand(command, ENV)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.filename == f"command '{command.decode()}': {cause}"


def test_the_environment_of_the_c_library() -> None:
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    words.set_environment({b"ONLY": b"this"})
    assert libc.getenv(b"ONLY") == b"this"
    assert libc.getenv(b"PATH") is None


def test_candidates_are_the_files_that_exist_in_path_order(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    for name in ("one", "three"):
        (tmp_path / name / "tool").touch()
    (tmp_path / "file").touch()
    root = os.fsencode(tmp_path)
    path = b":".join(root + b"/" + name for name in (b"three", b"two", b"file", b"none", b"one"))
    assert words.candidates(b"tool", {b"PATH": path}) == [
        root + b"/three/tool",
        root + b"/one/tool",
    ]
    assert words.candidates(b"./tool", {}) == [b"./tool"]
    assert words.candidates(b"sh", {}) == [b"/bin/sh", b"/usr/bin/sh"]


def test_an_empty_element_of_path_is_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tool").touch()
    monkeypatch.chdir(tmp_path)
    assert words.candidates(b"tool", {b"PATH": b"/none::"}) == [b"tool", b"tool"]


@pytest.mark.parametrize("program", [b"tool", b"", b"x" * 5000])
def test_a_program_that_is_nowhere(tmp_path: Path, program: bytes) -> None:
    env = {b"PATH": os.fsencode(tmp_path)}
    if len(program) > 255:
        # Too long a name is exec's to refuse, with its own errno.
        assert len(words.candidates(program, env)) == 1
        return
    with pytest.raises(FileNotFoundError) as caught:
        words.candidates(program, env)
    assert caught.value.filename == program
