"""portoctl events: what has happened to the containers, and what happens.

Called by `main`. Following asks again and again for what came after the last event, so it
goes on across restarts of the daemon.
"""

from __future__ import annotations

import sys
from time import monotonic, sleep

from porto.cli.portoctl.main import complain
from porto.cli.portoctl.output import UnknownFormat, encoded, filled, format_of
from porto.cli.portoctl.plan_text import shown
from porto.cli.portoctl.remote import RECONNECT_INTERVAL_S, RECONNECT_LIMIT_S
from porto.client.exceptions import SocketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

SHOWN = 50
"""Events that are shown when -n does not say how many."""

POLL_MS = 30_000


def events(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print the newest events of the named containers, or of all; with -f those that follow."""
    try:
        form = format_of(options)
        last = _count(options)
    except (UnknownFormat, ValueError) as error:
        complain(f"Cannot get events: {error}")
        return 1
    names = arguments or None
    answer = remote.call("Events", name=names, last=last or None).get("Events", {})
    _print(answer, form)
    if answer.get("lost"):
        complain(f"{answer['lost']} events could not be kept since the daemon started")
    while answer.get("more") or "f" in options:
        answer = _after(remote, names, answer.get("next", 0), follow="f" in options)
        _print(answer, form)
    return 0


def _after(remote: Remote, names: list[str] | None, after: int, *, follow: bool) -> dict[str, Any]:
    """The events past serial `after`; goes on across restarts of the daemon."""
    lost_at: float | None = None
    wait_ms = POLL_MS if follow else None
    while True:
        try:
            answer = remote.call(
                "Events", (wait_ms or 0) / 1000, after=after, name=names, timeout_ms=wait_ms
            )
            found: dict[str, Any] = answer.get("Events", {})
            return found
        except SocketError:
            remote.close()
            lost_at = lost_at or monotonic()
            if monotonic() - lost_at > RECONNECT_LIMIT_S:
                raise
            sleep(RECONNECT_INTERVAL_S)


def _count(options: Options) -> int:
    text = options.get("n", [str(SHOWN)])[-1]
    if not text.isdecimal():
        raise ValueError(f"-n {text!r} is not a number")
    return int(text)


def _print(answer: dict[str, Any], form: str) -> None:
    for message in answer.get("event", []):
        event = filled(
            message,
            serial=0,
            time_ms=0,
            kind="",
            name="",
            what="",
            facet="",
            subject="",
            want="",
            have="",
            text="",
        )
        if form == "text":
            print(_line(event))
        elif form == "yaml":
            # Items of one list, however many follow.
            print(encoded([event], form))
        else:
            print(encoded(event, form, lines=True))
    sys.stdout.flush()


def _line(event: dict[str, Any]) -> str:
    from time import localtime, strftime

    when = strftime("%Y-%m-%d %H:%M:%S", localtime(event["time_ms"] / 1000))
    return f"{when}  {event['name']:12}  {event['what']:9}  {_told(event)}".rstrip()


def _told(event: dict[str, Any]) -> str:
    what, subject = event["what"], event["subject"]
    want, have, text = shown(event["want"]), shown(event["have"]), shown(event["text"], 200)
    if what == "set":
        was = f" (was {have})" if have else ""
        return f"{subject} = {want}{was}, by {text}" if text else f"{subject} = {want}{was}"
    if what == "state":
        return f"{have} -> {want}"
    if what in ("change", "repair"):
        why = f"  ({text})" if text else ""
        return f"{subject}: {have or 'absent'} -> {want or 'absent'}{why}"
    if what in ("condition", "resolved"):
        return f"{subject} ({event['facet']}): {text}"
    if what in ("created", "destroyed"):
        return f"by {text}" if text else ""
    return f"{subject}: {text}" if subject else text
