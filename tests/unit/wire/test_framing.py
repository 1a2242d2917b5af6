"""Numbers and frames, cut anywhere."""

import pytest

from porto.wire.framing import (
    CutShort,
    FrameSplitter,
    FrameTooLong,
    frame,
    read_varint,
    varint,
)


def drain(splitter):
    found = []
    while (body := splitter.next()) is not None:
        found.append(body)
    return found


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (0, b"\0"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (1 << 32, b"\x80" * 4 + b"\x10"),
        ((1 << 64) - 1, b"\xff" * 9 + b"\x01"),
    ],
)
def test_a_varint_is_written_low_part_first_and_read_back(number, wanted):
    assert varint(number) == wanted
    assert read_varint(b"_" + wanted + b"_", 1, len(wanted) + 2) == (number, len(wanted) + 1)


def test_a_varint_ends_within_the_bytes_and_within_ten_of_them():
    with pytest.raises(CutShort):
        read_varint(b"\x80" * 9, 0, 9)
    with pytest.raises(CutShort):
        read_varint(b"\x80\x01", 0, 1)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        read_varint(b"\x80" * 10 + b"\x01", 0, 11)


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
    assert splitter.hopeless
    assert len(splitter) == 0


def test_a_long_spelling_of_a_small_count():
    splitter = FrameSplitter(300)
    splitter.feed(b"\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00ab")
    assert splitter.next() == b"ab"
