"""What names one object in the engine: its kind and its number.

A key says nothing else, so that a pass cannot branch on what led to it.
"""

from typing import NamedTuple


class Key(NamedTuple):
    """One object of the host: ``container:17``.

    kind -- the kind's noun
    id   -- unique within the kind while the object exists
    """

    kind: str
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Key":
        """The key of its text; raises ValueError."""
        kind, colon, number = text.partition(":")
        if not (kind and colon and number.isascii() and number.isdecimal()):
            raise ValueError(f"{text!r} is not KIND:ID")
        return cls(kind, int(number))
