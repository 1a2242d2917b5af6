"""What is said of a faulty file: one line each, not too many, with a hint."""

import pytest

from porto.spec.sources.diagnostics import Diagnostic, limited, one_line, shown, suggestion


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Diagnostic("a.yaml", 7, "memory_limit", "negative"), "a.yaml:7: memory_limit: negative"),
        (Diagnostic("a.yaml", 7, "", "no such thing"), "a.yaml:7: no such thing"),
        (Diagnostic("a.yaml", 0, "", "cannot be read"), "a.yaml: cannot be read"),
        (Diagnostic("a.yaml", 0, "name", "is missing"), "a.yaml: name: is missing"),
        (Diagnostic("a\nb", 1, "", "\x1b[31m"), r"a\nb:1: \x1b[31m"),
    ],
)
def test_a_fault_is_one_line(fault: Diagnostic, line: str) -> None:
    assert str(fault) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain é", "plain é"), ("a\tb", r"a\tb"), ("\udcff", r"\udcff"), ("\u2028", r"\u2028")],
)
def test_what_breaks_a_line_is_made_visible(text: str, expected: str) -> None:
    assert one_line(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", "'x'"),
        ("x" * 80, f"'{'x' * 80}'"),
        ("x" * 81, f"'{'x' * 80}...'"),
        ("a'b", '"a\'b"'),
    ],
)
def test_a_long_value_is_cut(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("memory_limits", ", did you mean memory_limit?"),
        ("memlimit", ", did you mean memory_limit?"),
        ("comand", ", did you mean command?"),
        ("quite different", ""),
        ("command" + "x" * 10_000, ""),
    ],
)
def test_a_near_word_is_suggested(word: str, expected: str) -> None:
    assert suggestion(word, iter(["command", "memory_limit", "cpu_limit"])) == expected


def test_faults_are_told_once_in_the_order_of_lines() -> None:
    first, second = Diagnostic("a", 1, "x", "r"), Diagnostic("a", 1, "y", "q")
    third, fourth = Diagnostic("a", 2, "a", "b"), Diagnostic("a", 2, "a", "c")
    assert limited([fourth, second, third, first, third]) == (first, second, third, fourth)
    assert limited([]) == ()


@pytest.mark.parametrize(("number", "more"), [(50, None), (51, 1), (70, 20)])
def test_a_file_full_of_faults_is_not_told_to_the_end(number: int, more: int | None) -> None:
    found = limited([Diagnostic("a", line, "", "wrong") for line in range(number, 0, -1)])
    assert [item.line for item in found[:50]] == list(range(1, 51))
    rest = () if more is None else (Diagnostic("a", 0, "", f"and {more} more faults"),)
    assert found[50:] == rest
