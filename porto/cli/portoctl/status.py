"""portoctl status: what the daemon, or one container, has to complain about.

Called by `main`. The daemon gives its picture as JSON in the properties porto_status (of
the host ``/``) and porto_origins (of a container). The exit status is 1 while anything
is wrong, so that scripts can ask.
"""

from __future__ import annotations

import json

from porto.cli.portoctl.format import duration, human
from porto.cli.portoctl.main import complain
from porto.client.exceptions import PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options


_KINDS = {"container": "containers"}
"""What there is on a daemon that does not say it."""


def status(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print the daemon's state of affairs, or a container's."""
    try:
        picture: dict[str, Any] = json.loads(remote.get("/", "porto_status"))
    except ValueError as error:
        complain(f"Cannot understand the daemon's status: {error}")
        return 1
    if arguments:
        return max(_container(remote, picture, name) for name in arguments)
    print(f"version     {picture.get('version', 'unknown')}")
    print(f"uptime      {duration(int(picture.get('uptime', 0)))}")
    kinds: dict[str, str] = picture.get("kinds", _KINDS)
    for plural in kinds.values():
        counts = picture.get(plural, {})
        states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()) if count)
        print(f"{plural:11} {sum(counts.values())}" + (f": {states}" if states else ""))
    drift = {what: count for what, count in sorted(picture.get("drift", {}).items()) if count}
    print("repaired    " + (", ".join(f"{k} {v}" for k, v in drift.items()) or "nothing"))
    problems = picture.get("problems", [])
    conditions = picture.get("conditions", [])
    if problems:
        print("\nfiles that are not in effect:")
    for problem in problems:
        print(f"  {_problem(problem)}")
    for noun, plural in kinds.items():
        concerned = [condition for condition in conditions if noun in condition]
        if concerned:
            print(f"\n{plural} that are not as declared:")
        for condition in concerned:
            print(f"  {condition[noun]}: {_condition(condition)}")
    return 1 if problems or conditions else 0


def _container(remote: Remote, picture: dict[str, Any], name: str) -> int:
    try:
        state = remote.get(name, "state")
        absolute = remote.get(name, "absolute_name")
        origins: dict[str, str] = json.loads(remote.get(name, "porto_origins") or "{}")
    except PortoException as error:
        complain(f"Cannot get status of {name}: {error}")
        return error.EID or 1
    print(f"{name}: {state}")
    wrong = 0
    start_error = _optional(remote, name, "start_error")
    if start_error:
        wrong = 1
        print(f"  start failed: {start_error}")
    if state == "dead":
        print(f"  {human('exit_status', _optional(remote, name, 'exit_status'))}")
    known_as = {name, absolute, absolute.removeprefix("/porto/")}
    for condition in picture.get("conditions", []):
        if condition.get("container") in known_as:
            wrong = 1
            print(f"  {_condition(condition)}")
    width = max(map(len, origins), default=0)
    for prop in sorted(origins):
        value = _optional(remote, name, prop)
        print(f"  {prop:{width}} = {value}  ({origins[prop]})")
    return wrong


def _optional(remote: Remote, name: str, prop: str) -> str:
    try:
        return remote.get(name, prop)
    except PortoException:
        return ""


def _condition(condition: dict[str, Any]) -> str:
    facet = condition.get("facet", "")
    return f"{condition.get('kind', '')}{f' ({facet})' if facet else ''}: {condition['message']}"


def _problem(problem: dict[str, Any]) -> str:
    line = problem.get("line") or 0
    where = f"{problem.get('file', '')}:{line}" if line else problem.get("file", "")
    parts = [where, problem.get("property", ""), problem.get("reason", "")]
    return ": ".join(part for part in parts if part)
