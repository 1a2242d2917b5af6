"""Bytes of a frame as a message of rpc.proto, with what protobuf leaves unchecked.

Called by both ends (`api/conversation.py`, `client/rpc.py`) for what came over the socket.
"""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

REPEATED_MAX = 200_000

M = TypeVar("M", bound=Message)


def parse(kind: type[M], data: bytes) -> M:
    """The message in `data`, required fields present or not; ValueError when there is none."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise ValueError(str(error)) from error


def check_texts(message: Message) -> None:
    """Raise ValueError when a text anywhere in `message` is not UTF-8, or there are too many.

    In a proto2 schema a string may hold any bytes; the library then gives `bytes` instead of
    `str`, which nobody expects.
    """
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            if not field.is_repeated:
                _check(value, field.name)
                continue
            if len(value) > REPEATED_MAX:
                raise ValueError(f"more than {REPEATED_MAX} texts")
            for item in value:
                _check(item, field.name)
        elif field.type == field.TYPE_MESSAGE:
            for item in value if field.is_repeated else (value,):
                check_texts(item)


def _check(text: str | bytes, name: str) -> None:
    if isinstance(text, bytes):
        raise ValueError(f"{name} is not valid UTF-8")
