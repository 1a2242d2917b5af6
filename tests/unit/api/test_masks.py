"""Masks: fnmatch(3) with FNM_PATHNAME, and three stars."""

import sys

import pytest

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
    ],
)
def test_matching(mask, text, expected):
    assert matches(text, mask) is expected


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
