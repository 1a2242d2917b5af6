"""Texts of a request that are not UTF-8.

Called by `conversation.py` for frames with bytes above 127. In a proto2 schema a string
may hold any bytes; the library then gives `bytes` instead of `str`, which no handler
expects. Names and values of containers are UTF-8, so such a request is refused whole.
"""

from google.protobuf.message import Message

from porto.spec.errors import InvalidValue

REPEATED_MAX = 200_000


def check_texts(message: Message) -> None:
    """Raise InvalidValue when a text anywhere in `message` is not UTF-8."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            if not field.is_repeated:
                _check(value, field.name)
                continue
            if len(value) > REPEATED_MAX:
                raise InvalidValue(f"cannot read the request: more than {REPEATED_MAX} texts")
            for item in value:
                _check(item, field.name)
        elif field.type == field.TYPE_MESSAGE:
            for item in value if field.is_repeated else (value,):
                check_texts(item)


def _check(text: str | bytes, name: str) -> None:
    if isinstance(text, bytes):
        raise InvalidValue(f"cannot read the request: {name} is not valid UTF-8")
