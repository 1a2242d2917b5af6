import pytest

from porto.spec.sources.ct_file import (
    CtError,
    container_name,
    file_name,
    format_ct,
    read_ct,
)


def values(data: bytes) -> dict[str, str]:
    entries, errors = read_ct(data)
    assert not errors
    return {entry.key: entry.value for entry in entries}


def faults(data: bytes) -> list[tuple[int, str]]:
    return [(error.line, error.reason) for error in read_ct(data)[1]]


def test_text_is_that_of_the_first_implementation():
    text = format_ct("web/a", {"private": "one\ntwo", "command": "sleep 1", "env": ""})
    assert text == "name = web/a\ncommand = sleep 1\nenv = \nprivate = one\\ntwo\n"


def test_keys_are_in_byte_order():
    text = format_ct("a", {"b_c": "", "bB": "", "b": "", "é": ""})
    assert [line.split(" ")[0] for line in text.splitlines()] == ["name", "b", "bB", "b_c", "é"]


def test_reading_trims_skips_comments_and_splits_at_the_first_equals_sign():
    data = b"# c = 1\n; d = 2\n\n  name=web \r\n\tcommand\t=  a = b  \nprivate = x\\ny\n"
    assert values(data) == {"name": "web", "command": "a = b", "private": "x\ny"}


def test_entries_know_their_lines():
    entries, _ = read_ct(b"\n# comment\nname = a\n\ncommand = b")
    assert [(entry.key, entry.line) for entry in entries] == [("name", 3), ("command", 5)]


def test_old_escaping_has_no_escaped_backslash():
    assert values(b"command = a\\\\nb")["command"] == "a\\\nb"


@pytest.mark.parametrize("value", ["printf 'a\\nb'", " x", "x ", "\\n", "\t", "a\r", "a\\\\n\nb"])
def test_what_the_old_form_cannot_carry_says_so_and_reads_back(value):
    text = format_ct("a", {"command": value, "private": "back\\slash"})
    assert "# escapes: full" in text.splitlines()
    assert values(text.encode()) == {"name": "a", "command": value, "private": "back\\slash"}


@pytest.mark.parametrize("value", ["a\\b", "a\nb", "a\\", "\\\n", "x = y", "#", "\u2028"])
def test_what_the_old_form_can_carry_is_written_in_it(value):
    text = format_ct("a", {"command": value})
    assert "# escapes: full" not in text
    assert values(text.encode())["command"] == value


def test_every_wrong_line_is_named():
    assert faults(b"name = a\ncommand\n = x\n\nsleep 1\n") == [
        (2, "the line has no '='"),
        (3, "the line has no key before '='"),
        (5, "the line has no '='"),
    ]


def test_binary_noise_is_named_with_its_line():
    assert faults(b"name = a\nx = \0\n") == [(2, "not a text file: it contains a zero byte")]
    assert faults(b"name = a\n\nx = \xff\n") == [(3, "not UTF-8 text: invalid start byte")]


def test_byte_order_mark_is_no_part_of_the_first_key():
    assert values(b"\xef\xbb\xbfname = a") == {"name": "a"}


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("a", {"x": "\0"}, "x contains a zero byte, which a .CT file cannot hold"),
        ("a", {"x\0": "1"}, "x\0 contains a zero byte, which a .CT file cannot hold"),
        ("a\nb", {}, "'a\\nb' cannot be the name in a .CT file"),
        ("a\\b", {}, "'a\\\\b' cannot be the name in a .CT file"),
        (" a", {}, "' a' cannot be the name in a .CT file"),
        ("a\r", {}, "'a\\r' cannot be the name in a .CT file"),
        ("a", {"": ""}, "'' cannot be a key of a .CT file"),
        ("a", {"#x": ""}, "'#x' cannot be a key of a .CT file"),
        ("a", {";x": ""}, "';x' cannot be a key of a .CT file"),
        ("a", {"x ": ""}, "'x ' cannot be a key of a .CT file"),
        ("a", {"x=y": ""}, "'x=y' cannot be a key of a .CT file"),
        ("a", {"x\ny": ""}, "'x\\ny' cannot be a key of a .CT file"),
        ("a", {"x": "\ud800"}, "x is not text that UTF-8 can hold"),
    ],
)
def test_what_no_file_can_carry_is_refused(name, given, reason):
    with pytest.raises(CtError) as caught:
        format_ct(name, given)
    assert (caught.value.reason, caught.value.line, str(caught.value)) == (reason, 0, reason)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("  a  b ", "\\s\\sa  b\\s"),
        (" ", "\\s"),
        ("\t\\n", "\\t\\\\n"),
        ("a\r", "a\\r"),
        ("\\n\n", "\\\\n\\n"),
    ],
)
def test_the_full_form(value, written):
    text = format_ct("a", {"x": value})
    assert text == f"name = a\n# escapes: full\nx = {written}\n"
    assert values(text.encode())["x"] == value


def test_the_full_form_begins_where_it_is_announced():
    assert values(b"x = a\\\\tb\n# escapes: full\ny = a\\\\tb\nz = \\q") == {
        "x": "a\\\\tb",
        "y": "a\\tb",
        "z": "\\q",
    }


def test_the_name_of_the_file_is_the_name_of_the_container():
    assert file_name("a/b/c") == "a%b%c.CT"
    assert container_name("a%b%c.CT") == "a/b/c"
    assert container_name("%porto%a.CT") == "a"
