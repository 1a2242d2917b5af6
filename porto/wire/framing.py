"""Frames: a base-128 varint with the byte count, then that many bytes of one message.

Nothing else is on the wire, in both directions. Both ends feed a `FrameSplitter` with
whatever their socket gave, cut anywhere, and take whole frames out of it; memory stays
within the bytes of one frame and one read. Standard library only, no knowledge of messages.
"""

VARINT_MAX = 10
"""Bytes of the longest varint: 64 bits, seven a byte."""

MASK64 = (1 << 64) - 1


class CutShort(ValueError):
    """The bytes end within a number."""


class FrameTooLong(Exception):
    """The announced frame exceeds the limit."""


def varint(value: int) -> bytes:
    """`value` (not negative) as a base-128 varint, low part first."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
    """The number at `start` of ``data[:end]``, and where the next thing stands.

    Raises CutShort when it does not end before `end`, ValueError when it has more than
    `VARINT_MAX` bytes. Bits above the 64th are dropped, as protobuf does.
    """
    value = shift = 0
    for position in range(start, min(end, start + VARINT_MAX)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & MASK64, position + 1
        shift += 7
    if end - start < VARINT_MAX:
        raise CutShort("number cut short")
    raise ValueError(f"number of more than {VARINT_MAX} bytes")


def frame(message: bytes) -> bytes:
    """A message with its count in front."""
    return varint(len(message)) + message


class FrameSplitter:
    """Cuts the bytes of one connection into frames of at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self.hopeless = False
        """Whether a count did not end within `VARINT_MAX` bytes: it never becomes valid."""

        self.wanted = 0
        """Size of the frame that is being received, 0 while it is unknown."""

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the socket; after a hopeless count they are not kept."""
        if not self.hopeless:
            self._buffer += data

    def next(self) -> bytes | None:
        """The next whole frame, None when more bytes are needed.

        Raises FrameTooLong as soon as the count is known.
        """
        buffer = self._buffer
        if not buffer:
            return None
        size, start = buffer[0], 1
        if size > 0x7F:
            try:
                size, start = read_varint(buffer, 0, len(buffer))
            except CutShort:
                return None
            except ValueError:
                self.hopeless = True
                self._buffer = bytearray()
                return None
        if size > self._limit:
            raise FrameTooLong(f"a frame of {size} bytes exceeds the limit of {self._limit}")
        end = start + size
        if len(buffer) < end:
            self.wanted = size
            return None
        self.wanted = 0
        body = bytes(memoryview(buffer)[start:end])
        if len(buffer) == end:
            buffer.clear()
        else:
            del buffer[:end]
        return body
