"""Names of v1 directories: the examples of the documentation."""

import pytest

from porto.kernel.cgroup.v1.naming import directory, name_of


@pytest.mark.parametrize(
    ("name", "has", "expected"),
    [
        ("a", [True], "/m/porto%a"),
        ("a", [False], "/m"),
        ("a/b", [True, True], "/m/porto%a/b"),
        ("a/b", [True, False], "/m/porto%a"),
        ("a/b", [False, True], "/m/porto%a%b"),
        ("a/b", [False, False], "/m"),
        ("a/b/c", [True, False, True], "/m/porto%a/b%c"),
        ("a/b/c", [False, True, True], "/m/porto%a%b/c"),
        ("a/b/c", [False, True, False], "/m/porto%a%b"),
    ],
)
def test_the_separator_tells_who_has_the_controller(
    name: str, has: list[bool], expected: str
) -> None:
    assert directory("/m", "porto", name.split("/"), has) == expected


def test_the_name_is_read_back() -> None:
    assert name_of("a/b%c") == "a/b/c"
