"""portoctl wait: until a container is ready, or every change as it happens.

Called by `main`. The plain form survives restarts of the daemon; -A listens to the
daemon's pushed events (manual section "API", AsyncWait) until their timeout.
"""

from __future__ import annotations

import sys

from porto.cli.portoctl.main import complain
from porto.cli.portoctl.usage import command_usage
from porto.client.exceptions import SocketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options


def wait(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print the name of the first container that is ready, or "timeout"."""
    try:
        timeout = _timeout(options)
    except ValueError as error:
        complain(f"Cannot wait: {error}")
        return 1
    if "A" in options:
        return _follow(remote, options, arguments or ["***"], timeout)
    if not arguments:
        print(command_usage("wait"))
        return 1
    name = remote.wait(arguments, timeout, options.get("L")).get("name", "")
    if name:
        print(name)
    else:
        complain("timeout")
    return 0


def _timeout(options: Options) -> float | None:
    """Seconds from -T, or from the old -t in milliseconds; None waits for ever."""
    for letter, unit in (("T", 1), ("t", 1000)):
        if letter in options:
            text = options[letter][-1]
            try:
                number = float(text) / unit
            except ValueError:
                raise ValueError(f"-{letter} {text!r} is not a number") from None
            if number < 0:
                return None
            # The old option counts milliseconds, but waits whole seconds.
            return float(-(-number // 1)) if letter == "t" else number
    return None


def _follow(remote: Remote, options: Options, names: list[str], timeout: float | None) -> int:
    ms = None if timeout is None else min(round(timeout * 1000), 0xFFFFFFFF)
    state = options.get("S", [None])[-1]
    remote.send("AsyncWait", name=names, timeout_ms=ms, label=options.get("L"), target_state=state)
    while True:
        # Events of the moment arrive before the answer to the request itself.
        try:
            event = remote.receive(None).get("AsyncWait")
        except SocketError as error:
            complain(f"Cannot wait: {error}")
            return error.EID or 1
        if event is None:
            continue
        if event.get("state") == "timeout" and not event.get("name"):
            complain("timeout")
            return 0
        print(_event_line(event))
        sys.stdout.flush()
        if state is not None:
            return 0


def _event_line(event: dict[str, Any]) -> str:
    from time import localtime, strftime

    when = strftime("%Y-%m-%d %H:%M:%S", localtime(event.get("when", 0)))
    line = f"{when} {event.get('state', '')}\t{event['name']}"
    if event.get("label"):
        line += f"\t{event['label']} = {event.get('value', '')}"
    return line
