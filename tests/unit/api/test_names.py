"""Names as clients spell them."""

import pytest

from porto.api.names import View
from porto.spec.errors import Permission

HOST = View()
INSIDE = View("", "a/b")
ISOLATED = View("a/b/", "a/b")
PREFIXED = View("web-", "ct")


@pytest.mark.parametrize(
    ("view", "name", "full"),
    [
        (HOST, "/", "/"),
        (HOST, "self", "/"),
        (HOST, ".", "/"),
        (HOST, "x", "x"),
        (HOST, "self/x", "x"),
        (HOST, "/porto/x/y", "x/y"),
        (HOST, "a/../b", "b"),
        (HOST, "a/..", "/"),
        (HOST, "", ""),
        (HOST, "../x", "../x"),
        (HOST, "a//b", "a//b"),
        (INSIDE, "self", "a/b"),
        (INSIDE, "self/x", "a/b/x"),
        (INSIDE, "self/..", "a"),
        (INSIDE, "x", "x"),
        (INSIDE, ".", "/"),
        (ISOLATED, "x", "a/b/x"),
        (ISOLATED, "", "a/b"),
        (ISOLATED, ".", "a/b"),
        (ISOLATED, "self", "a/b"),
        (ISOLATED, "self/..", "a"),
        (ISOLATED, "/porto/a", "a"),
        (ISOLATED, "/", "/"),
        (ISOLATED, "..", "a"),
        (PREFIXED, "1", "web-1"),
        (PREFIXED, ".", "/"),
        (PREFIXED, "self/x", "ct/x"),
        (PREFIXED, "", "web-"),
        (HOST, "a/../../b", "../b"),
        (HOST, "../../x", "../../x"),
        (HOST, "/../x", "/../x"),
        (HOST, "a//../x", "a//../x"),
        (HOST, "a/b/../../c", "c"),
        (HOST, "a..b", "a..b"),
        (View("a/X", "a"), "", "a/X"),
    ],
)
def test_resolution(view, name, full):
    assert view.resolve(name) == full


@pytest.mark.parametrize(
    ("view", "name"),
    [
        (ISOLATED, "/porto/x"),
        (ISOLATED, "/porto/a/bb"),
        (ISOLATED, "../x"),
        (ISOLATED, "self/../x"),
        (ISOLATED, "../../x"),
        (PREFIXED, "/porto/db-1"),
    ],
)
def test_out_of_namespace(view, name):
    with pytest.raises(Permission, match="container name out of namespace"):
        view.resolve(name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("x" * 213, "x" * 213), ("x" * 214, "x" * 213 + "..."), ("y" * 1000, "y" * 213 + "...")],
)
def test_a_long_name_is_cut_where_it_is_told(name: str, shown: str) -> None:
    with pytest.raises(Permission) as caught:
        ISOLATED.resolve(f"/porto/{name}")
    assert caught.value.text == f"container name out of namespace: '/porto/{shown}'"


@pytest.mark.parametrize(
    ("view", "full", "expected"),
    [
        (PREFIXED, "web-1", "1"),
        (PREFIXED, "web-", None),
        (PREFIXED, "database", None),
        (PREFIXED, "db", None),
        (ISOLATED, "x/y/z", None),
        (ISOLATED, "a/b/", None),
    ],
)
def test_what_a_view_shows(view: View, full: str, expected: str | None) -> None:
    assert view.shown(full) == expected


def test_names_shown_back():
    assert HOST.shown("a/b") == "a/b"
    assert ISOLATED.shown("a/b/c") == "c"
    assert ISOLATED.shown("a/b") is None
    assert ISOLATED.shown("a/bb") is None
    assert ISOLATED.shown("/") == "/"
    assert ISOLATED.named("a") == "/porto/a"
    assert ISOLATED.named("a/b/c") == "c"
    assert ISOLATED.matches("a/b/c", "*")
    assert not ISOLATED.matches("a/x", "***")
