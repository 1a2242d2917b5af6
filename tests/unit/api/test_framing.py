"""Frames cut anywhere."""

import pytest

from porto.api.framing import FrameSplitter, FrameTooLong, frame, varint


def drain(splitter):
    found = []
    while (body := splitter.next()) is not None:
        found.append(body)
    return found


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 16383, 16384, 1 << 35])
def test_varint_is_what_a_splitter_reads(value):
    splitter = FrameSplitter(1 << 40)
    splitter.feed(varint(value))
    splitter.next()
    assert splitter.wanted == value


def test_every_cut_gives_the_same_frames():
    bodies = [b"", b"a", b"b" * 127, b"c" * 128, b"", b"d" * 300]
    stream = b"".join(frame(body) for body in bodies)
    for step in range(1, len(stream) + 1):
        splitter, found = FrameSplitter(1000), []
        for start in range(0, len(stream), step):
            splitter.feed(stream[start : start + step])
            found += drain(splitter)
        assert found == bodies
        assert len(splitter) == 0


def test_limit():
    splitter = FrameSplitter(300)
    splitter.feed(frame(b"x" * 300))
    assert len(drain(splitter)[0]) == 300
    splitter.feed(varint(301))
    with pytest.raises(FrameTooLong):
        splitter.next()


def test_an_endless_count_waits_and_keeps_nothing():
    splitter = FrameSplitter(300)
    for _ in range(1000):
        splitter.feed(b"\x80" * 1000)
        assert splitter.next() is None
    assert len(splitter) == 0


def test_a_long_spelling_of_a_small_count():
    splitter = FrameSplitter(300)
    splitter.feed(b"\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00ab")
    assert splitter.next() == b"ab"
