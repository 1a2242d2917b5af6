"""Replies as bytes: the header every reply has, and pieces encoded by hand.

Called by `conversation.py` and the handlers. Text values are encoded here rather than
through message objects for two reasons: a container's output need not be UTF-8 (such
bytes travel as surrogate escapes inside the daemon and leave unchanged), and a reply
with a hundred thousand values is joined from prepared pieces.

Concatenated encodings of one message merge, so a reply is header + payload + time.
"""

from google.protobuf.message import Message

from porto.spec.errors import EError, PortoError
from porto.wire import rpc_pb2
from porto.wire.framing import varint

_BYTES = 2
_VARINT = 0
_RESPONSE = rpc_pb2.TContainerResponse.DESCRIPTOR.fields_by_name


def tag(message: type[Message], field: str) -> bytes:
    """The key that precedes a field's value in the encoding."""
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    texts = (descriptor.TYPE_STRING, descriptor.TYPE_BYTES, descriptor.TYPE_MESSAGE)
    wire = _BYTES if descriptor.type in texts else _VARINT
    return varint(descriptor.number << 3 | wire)


_ERROR = tag(rpc_pb2.TContainerResponse, "error")
_MESSAGE = tag(rpc_pb2.TContainerResponse, "errorMsg")
_TIMESTAMP = tag(rpc_pb2.TContainerResponse, "timestamp")
SUCCESS = _ERROR + b"\x00" + _MESSAGE + b"\x00"
"""Header of a reply without error: both fields are always present."""

_VALUE = tag(rpc_pb2.TContainerGetPropertyResponse, "value")


def encode_text(text: str) -> bytes:
    """The bytes of a value; what cannot be encoded is replaced."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def sized(key: bytes, body: bytes) -> bytes:
    """A field with a length: text or a message."""
    size = len(body)
    if size < 0x80:
        return b"%b%c%b" % (key, size, body)
    return key + varint(size) + body


def failure(error: PortoError, payload: bytes = b"") -> bytes:
    """Header and payload of a reply with an error."""
    message = sized(_MESSAGE, encode_text(error.text))
    return _ERROR + varint(error.code) + message + payload


def timestamp(seconds: float) -> bytes:
    """The field that tells when the server began with the request."""
    return _TIMESTAMP + varint(max(0, int(seconds)))


_FIELDS = {
    name: varint(field.number << 3 | _BYTES)
    for name, field in _RESPONSE.items()
    if field.type == field.TYPE_MESSAGE
}


def answer(field: str, message: Message) -> bytes:
    """Payload: one answer message of the reply."""
    return sized(_FIELDS[field], message.SerializeToString())


def raw_answer(field: str, body: bytes) -> bytes:
    """Payload: one answer message that is encoded already."""
    return sized(_FIELDS[field], body)


def value_answer(field: str, text: str) -> bytes:
    """Payload of getProperty and getData."""
    return sized(_FIELDS[field], sized(_VALUE, encode_text(text)))


_Entry = rpc_pb2.TContainerGetResponse.TContainerGetListResponse
_Pair = rpc_pb2.TContainerGetResponse.TContainerGetValueResponse
_LIST = tag(rpc_pb2.TContainerGetResponse, "list")
_ENTRY_NAME = tag(_Entry, "name")
_ENTRY_PAIR = tag(_Entry, "keyval")
_ENTRY_TIME = tag(_Entry, "change_time")
_ENTRY_SAME = tag(_Entry, "no_changes") + b"\x01"
_PAIR_VARIABLE = tag(_Pair, "variable")
_PAIR_ERROR = tag(_Pair, "error")
_PAIR_MESSAGE = tag(_Pair, "errorMsg")
_PAIR_VALUE = tag(_Pair, "value")


def pair_head(variable: bytes) -> bytes:
    """The part of a pair that is the same for each container."""
    return sized(_PAIR_VARIABLE, variable)


def pair_value(head: bytes, text: str) -> bytes:
    """A whole pair with a value."""
    try:
        value = text.encode()
    except UnicodeEncodeError:
        value = encode_text(text)
    return sized(_ENTRY_PAIR, head + sized(_PAIR_VALUE, value))


def pair_error(head: bytes, code: EError, text: str) -> bytes:
    """A whole pair with an error."""
    message = sized(_PAIR_MESSAGE, encode_text(text))
    return sized(_ENTRY_PAIR, head + _PAIR_ERROR + varint(code) + message)


def entry(name: str, pairs: list[bytes], change_time: float | None, same: bool = False) -> bytes:
    """One container of a get reply."""
    body = sized(_ENTRY_NAME, encode_text(name)) + b"".join(pairs)
    if change_time is not None:
        body += _ENTRY_TIME + varint(max(0, int(change_time)))
    if same:
        body += _ENTRY_SAME
    return sized(_LIST, body)


_Wait = rpc_pb2.TContainerWaitResponse


def event(message: _Wait) -> bytes:
    """A pushed reply, complete but for the frame: without a timestamp."""
    return SUCCESS + answer("AsyncWait", message)
