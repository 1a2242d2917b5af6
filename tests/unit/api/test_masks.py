"""Masks: fnmatch(3) with FNM_PATHNAME, and three stars."""

import ctypes
import sys

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from porto.api.masks import MASK_MAX, is_mask, matches


@pytest.mark.parametrize(
    ("mask", "text", "expected"),
    [
        ("***", "a/b/c", True),
        ("***", "", True),
        ("*", "a", True),
        ("*", "a/b", False),
        ("*", "", True),
        ("*/*", "a/b", True),
        ("a*", "abc", True),
        ("a*c", "abbbc", True),
        ("a*c", "abbb", False),
        ("a*b*c", "aXbYbZc", True),
        ("*a", "aaa", True),
        ("**a", "ba", True),
        ("?", "x", True),
        ("?", "/", False),
        ("a?c", "a/c", False),
        ("[abc]", "b", True),
        ("[!abc]", "b", False),
        ("[^abc]", "d", True),
        ("[!a]", "/", False),
        ("[a-c]x", "bx", True),
        ("[.-0]", "/", False),
        ("[.-0]", "0", True),
        ("[]a]", "]", True),
        ("[c-a]", "b", False),
        ("[a", "[a", True),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("a.c", "abc", False),
        ("a+(", "a+(", True),
        ("abc***", "abc/def/g", True),
        ("abc***", "ab", False),
        ("***abc", "x/y/abc", True),
        ("a*b***", "aXb/c", False),
        ("a\n*", "a\nb", True),
        ("a?b", "axb", True),
        ("x[ab]y[cd]z", "xbycz", True),
        ("x[ab]y[cd]z", "xycz", False),
        (r"a\*b\?", "a*b?", True),
        (r"a\*b\?", "aXb?", False),
        (r"\a\b", "ab", True),
        ("a\\", "a\\", True),
        ("[!.-0]", "a", True),
        ("[!c-a]", "b", True),
        ("[c-a]x", "x", False),
        ("x[c-a]y", "xby", False),
        ("[a-a]", "a", True),
        ("[a-c-e]", "-", True),
        ("[a-c-e]", "d", False),
        ("[a-cx-z]", "y", True),
        ("[a-cx-z]", "b", True),
        ("[a-cx-z]", "m", False),
        ("[a-]", "-", True),
        ("[a-", "[a-", True),
        ("[!ab]", "!", True),
        ("[ab]", "X", False),
        (r"[\]a]b", "]b", True),
        (r"[\]a]b", "ab", True),
        (r"[x\]a]", "]", True),
        (r"[x\]a]", "\\", False),
        (r"[a\-c]", "b", False),
        (r"[a\-c]", "-", True),
        ("[a\\", "[a\\", True),
        ("[]]", "]", True),
        ("[!]]x", "ax", True),
        ("[!]]x", "]x", False),
        ("*a*b*c*", "xaxbxcx", True),
        ("*a*b*c*", "xbxaxcx", False),
        ("a*b*", "ab", True),
        ("a*?*b", "ab", False),
        ("*?a", "a", False),
        ("x/[ab]", "x/b", True),
        ("x/y", "x/y", True),
        ("xay", "x/y", False),
        ("[a/b]", "[a/b]", True),
        ("[a/b]", "a", False),
        ("[xa-c]", "x", True),
        ("[a-c]", "]", False),
        (r"[\]", "[]", True),
        (r"[\]", "\\", False),
    ],
)
def test_matching(mask, text, expected):
    assert matches(text, mask) is expected


PARTS = (
    *"aab-]c*?/",
    *(r"\*", r"\[", r"\\", r"\a"),
    *("[ab]", "[!a]", "[^b]", "[a-c]", "[c-a]", "[!c-a]", "[]a]", "[!]]", "[a-]", "[-a]"),
    *(r"[\]a]", r"[a\-c]", r"[\\]", "[.-0]", "[!.-0]", "[a-cx-z]", "[a-b-c]", "[*?]"),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(PARTS), max_size=5).map("".join),
    st.text("abcx-]*?\\.0/", max_size=4),
)
def test_masks_mean_what_fnmatch_means(mask: str, text: str) -> None:
    """fnmatch(3) with FNM_PATHNAME, but for a slash within a bracket."""
    assume("***" not in mask)
    found = ctypes.CDLL(None).fnmatch(mask.encode(), text.encode(), 1)
    assert matches(text, mask) is (found == 0), (mask, text)


def test_the_longest_mask_matches() -> None:
    assert matches("x" * MASK_MAX, "x" * MASK_MAX)
    assert not matches("x" * MASK_MAX, "x" * MASK_MAX + "*")


def test_a_mask_of_stars_does_not_explode():
    assert not matches("a" * 200, "*a" * 100 + "b")
    assert matches("a" * 200, "*a" * 100)
    assert not matches("a" * MASK_MAX * 2, "a" * (MASK_MAX + 1))


def test_masks_too_long_to_match_are_not_remembered():
    mask = "x" * MASK_MAX + "*"
    known = sys.getrefcount(mask)
    assert not matches("a", mask)
    assert sys.getrefcount(mask) == known


def test_a_lone_bracket_is_no_mask():
    assert is_mask("a*")
    assert is_mask("?")
    assert not is_mask("a[b]")
