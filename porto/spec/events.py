"""What happened to an object, as the event log keeps it and `portoctl events` prints it.

Written by the engine (changes, repairs) and by `observers/record_events.py` (what a record's
change tells); read by the API. Pure data and its text: one line of JSON, bounded.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

TEXT_MAX = 400
"""Characters kept of each text: the log is for reading, the whole value is in the record."""

_CUT = "..."


class What(StrEnum):
    """Kinds of events, with what the other fields say.

    CREATED    -- text: who made it
    DESTROYED  -- it exists no more
    SET        -- subject: the property; want, have: its values, "" when unset; text: who
    STATE      -- want, have: the states after and before
    EXIT       -- the main process has ended; text: how
    CONDITION  -- subject: the condition's kind, facet: whose; text: the message
    RESOLVED   -- the same condition is gone
    CHANGE     -- a pass has changed subject from have to want; text: why
    REPAIR     -- the same, because somebody else had changed it
    FAILED     -- a change could not be made; text: the error
    """

    CREATED = "created"
    DESTROYED = "destroyed"
    SET = "set"
    STATE = "state"
    EXIT = "exit"
    CONDITION = "condition"
    RESOLVED = "resolved"
    CHANGE = "change"
    REPAIR = "repair"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    kind, name -- the object: noun of its kind, full name
    serial     -- grows with each event, also over restarts of the daemon; the log gives it
    time       -- wall clock in seconds; the log gives it
    """

    kind: str
    name: str
    what: What
    facet: str = ""
    subject: str = ""
    want: str = ""
    have: str = ""
    text: str = ""
    serial: int = 0
    time: float = 0.0


_text = json.encoder.encode_basestring_ascii


def encode(event: Event, time: float) -> bytes:
    """The event's line without its serial and its end; ASCII without line breaks."""
    texts = (
        event.kind,
        event.name,
        event.what,
        event.facet,
        _short(event.subject),
        _short(event.want),
        _short(event.have),
        _short(event.text),
    )
    # A JSON array of a known form: an encoder for any would take twice as long.
    return f"[{time:.3f},{','.join(map(_text, texts))}]".encode()


def decode(serial: int, line: bytes) -> Event | None:
    """The event of a line; None for a line that this version does not understand."""
    try:
        time, kind, name, what, facet, subject, want, have, text = json.loads(line)
        return Event(
            kind=str(kind),
            name=str(name),
            what=What(what),
            facet=str(facet),
            subject=str(subject),
            want=str(want),
            have=str(have),
            text=str(text),
            serial=serial,
            time=float(time),
        )
    except (ValueError, TypeError, RecursionError):
        return None


def _short(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - len(_CUT)] + _CUT
