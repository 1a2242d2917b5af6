"""portoctl get, set, pget, dget, plist, dlist.

Called by `main`. `get` asks for everything in one request, so that one picture of many
containers is consistent and cheap.
"""

from __future__ import annotations

import sys

from porto.cli.portoctl.format import assignment, human
from porto.cli.portoctl.main import complain
from porto.cli.portoctl.usage import command_usage
from porto.client.exceptions import PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options


def get(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print properties of one or several containers."""
    if "--" in arguments:
        split = arguments.index("--")
        masks, wanted = arguments[:split], arguments[split + 1 :]
    else:
        masks, wanted = arguments[:1], arguments[1:]
    variables = wanted or _readable(remote)
    rows = (
        remote.call(
            "get",
            name=masks,
            variable=variables,
            nonblock="n" in options or None,
            sync="s" in options or None,
            real="r" in options or None,
        )
        .get("get", {})
        .get("list", [])
    )
    status = 0
    several = len(rows) > 1 or len(masks) > 1
    for row in sorted(rows, key=lambda row: row["name"]):
        if several:
            print(f"{row['name']}:")
        status = _print_row(row, wanted) or status
        if several:
            print()
    return status


def _readable(remote: Remote) -> list[str]:
    rows = remote.call("propertyList").get("propertyList", {}).get("list", [])
    return sorted(row["name"] for row in rows)


def _print_row(row: dict[str, Any], wanted: list[str]) -> int:
    pairs = row.get("keyval", [])
    errors = [_failure(pair) for pair in pairs]
    gone = errors[0] if errors else None
    if gone is not None and all(type(error) is type(gone) for error in errors) and not wanted:
        # Nothing can be said of it at all: once is enough.
        complain(f"Cannot get properties of {row['name']}: {gone}")
        return gone.EID or 1
    broken = sys.stdout.isatty()
    status = 0
    for pair, error in zip(pairs, errors, strict=True):
        name, value = pair["variable"], pair.get("value", "")
        if error is not None:
            if wanted:
                complain(f"Cannot get {name} of {row['name']}: {error}")
                status = 1
        elif not wanted:
            if value:
                print(assignment(name, human(name, value), broken=broken))
        elif len(wanted) == 1:
            print(value)
        else:
            print(assignment(name, value, broken=broken))
    return status


def _failure(pair: dict[str, Any]) -> PortoException | None:
    code = pair.get("error", 0)
    return PortoException.Create(code, pair.get("errorMsg", "")) if code else None


def pget(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print raw values, one a line."""
    name, *props = arguments
    for prop in props:
        try:
            answer = remote.call(
                "getProperty", name=name, property=prop, sync="s" in options or None
            )
        except PortoException as error:
            complain(f"Cannot get {prop} of {name}: {error}")
            return error.EID or 1
        value = answer["getProperty"]["value"]
        print(f"{prop} = {value}" if "k" in options else value)
    return 0


def set_(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Set one property from words, or several from PROP=VALUE."""
    name, *words = arguments
    if "=" in words[0]:
        pairs = []
        for word in words:
            prop, equals, value = word.partition("=")
            if not equals:
                complain(f"Cannot set property of {name}: {word!r} is not PROP=VALUE")
                return 1
            pairs.append((prop, value))
    elif len(words) == 1:
        print(command_usage("set"))
        return 1
    else:
        pairs = [(words[0], " ".join(words[1:]))]
    for prop, value in pairs:
        try:
            remote.set(name, prop, value)
        except PortoException as error:
            complain(f"Cannot set {prop} of {name}: {error}")
            return error.EID or 1
    return 0


def plist(remote: Remote, options: Options, arguments: list[str]) -> int:
    """List all properties with their meaning."""
    return _list(remote.call("propertyList").get("propertyList", {}).get("list", []))


def dlist(remote: Remote, options: Options, arguments: list[str]) -> int:
    """List the read-only properties with their meaning."""
    return _list(remote.call("dataList").get("dataList", {}).get("list", []))


def _list(rows: list[dict[str, Any]]) -> int:
    width = max([10, *(len(row["name"]) for row in rows)]) + 2
    for row in sorted(rows, key=lambda row: row["name"]):
        print(f"{row['name']:{width}}{row['desc']}")
    return 0
