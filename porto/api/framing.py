"""Frames: a base-128 varint with the byte count, then that many bytes.

Called by `connection.py` with whatever the socket gave, cut anywhere; whole frames
come out. Memory stays within the bytes of one frame and one read.
"""

VARINT_MAX = 10


class FrameTooLong(Exception):
    """The announced frame exceeds the limit."""


def varint(value: int) -> bytes:
    """`value` (not negative) as a base-128 varint."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def frame(message: bytes) -> bytes:
    """A message with its count in front."""
    return varint(len(message)) + message


class FrameSplitter:
    """Cuts the bytes of one connection into frames."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._hopeless = False
        self.wanted = 0
        """Size of the frame that is being received, 0 while it is unknown."""

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the socket."""
        # A count that does not end within ten bytes never becomes valid: such a
        # client is left waiting, its bytes are not kept.
        if not self._hopeless:
            self._buffer += data

    def next(self) -> bytes | None:
        """The next whole frame, None when more bytes are needed.

        Raises FrameTooLong as soon as the count is known.
        """
        buffer = self._buffer
        if not buffer:
            return None
        size = buffer[0]
        start = 1
        if size > 0x7F:
            size &= 0x7F
            while True:
                if start == len(buffer):
                    return None
                if start == VARINT_MAX:
                    self._hopeless = True
                    self._buffer = bytearray()
                    return None
                byte = buffer[start]
                size |= (byte & 0x7F) << (7 * start)
                start += 1
                if byte < 0x80:
                    break
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
