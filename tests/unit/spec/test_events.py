import pytest

from porto.spec.events import TEXT_MAX, Event, What, decode, encode

EVENT = Event("container", "a/b", What.REPAIR, "pids", "pids.max", "100", "50", "thread_limit")


def test_an_event_comes_back_with_its_serial_and_time() -> None:
    found = decode(7, encode(EVENT, 12.3456))
    assert found == Event(
        "container", "a/b", What.REPAIR, "pids", "pids.max", "100", "50", "thread_limit", 7, 12.346
    )


@pytest.mark.parametrize("text", ["two\nlines", "\udcff", "\0", "☃" * 50, '"\\', "\x85"])
def test_any_text_is_one_line(text: str) -> None:
    line = encode(Event("container", "a", What.SET, subject=text, want=text, text=text), 1.0)
    assert len(line.splitlines()) == 1
    assert line.isascii()
    found = decode(1, line)
    assert found is not None
    assert (found.subject, found.want, found.text) == (text, text, text)


def test_long_texts_are_cut() -> None:
    found = decode(1, encode(Event("container", "a", What.SET, want="x" * 10_000), 1.0))
    assert found is not None
    assert len(found.want) == TEXT_MAX
    assert found.want.endswith("x...")


@pytest.mark.parametrize(
    "line",
    [b"", b"[1]", b"{}", b"null", b'[1,"c","a","flown","","","","",""]', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_event_is_none(line: bytes) -> None:
    assert decode(1, line) is None
