"""Options: where they may stand."""

import pytest

from porto.cli.portoctl.commands import COMMANDS, OPTIONS_ANYWHERE
from porto.cli.portoctl.usage import UnknownOption, parse


@pytest.mark.parametrize(
    ("words", "options", "others"),
    [
        ("-o json a", {"o": ["json"]}, ["a"]),
        ("a -o json b", {}, ["a", "-o", "json", "b"]),
        ("-- -o", {}, ["-o"]),
        ("-", {}, ["-"]),
    ],
)
def test_options_end_before_the_first_argument(
    words: str, options: dict[str, list[str]], others: list[str]
) -> None:
    assert parse("vo:", words.split()) == (options, others)


@pytest.mark.parametrize(
    ("words", "options", "others"),
    [
        ("a -o json b -v", {"o": ["json"], "v": [""]}, ["a", "b"]),
        ("- -v", {"v": [""]}, ["-"]),
        ("a -- -v", {}, ["a", "-v"]),
        ("-v set a cpu_limit -1", {"v": [""]}, ["set", "a", "cpu_limit", "-1"]),
        ("start set -v", {"v": [""]}, ["start", "set"]),
    ],
)
def test_options_may_stand_anywhere_but_after_values(
    words: str, options: dict[str, list[str]], others: list[str]
) -> None:
    assert parse("vo:", words.split(), "set") == (options, others)


def test_an_option_that_is_none_is_told_wherever_it_stands() -> None:
    with pytest.raises(UnknownOption, match="-x"):
        parse("vo:", ["a", "-x"], "")


def test_commands_with_options_anywhere_have_options() -> None:
    assert all(COMMANDS[name][2] for name in OPTIONS_ANYWHERE)
