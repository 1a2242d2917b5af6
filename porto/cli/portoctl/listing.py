"""portoctl list and sort: tables of containers.

Called by `main`; one `get` request brings all values.
"""

from __future__ import annotations

from porto.cli.portoctl.format import duration, human
from porto.cli.portoctl.main import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

_BUSY = 15
_GONE = 4
_TIMED = ("running", "meta", "dead")


def list_(remote: Remote, options: Options, arguments: list[str]) -> int:
    """List containers with state and time."""
    if "L" in options:
        names = _labelled(remote, options["L"][-1])
    else:
        answer = remote.call("list", mask=arguments[0] if arguments else None)
        names = answer.get("list", {}).get("name", [])
    if "t" in options:
        names = [name for name in names if "/" not in name]
    if "1" in options and "r" not in options:
        for name in names:
            print(name)
        return 0
    rows = _values(remote, names, ["state", "time"])
    if "r" in options:
        rows = [row for row in rows if row["state"] == "running"]
    labels = [_label(row["name"], tree="f" in options) for row in rows]
    width = max([8, *map(len, labels)]) + 2
    for label, row in zip(labels, rows, strict=True):
        if "1" in options:
            print(label)
            continue
        line = f"{label:{width}}{row['state']:>10}"
        if row["state"] in _TIMED and row["time"].isdigit():
            line += f"{duration(int(row['time'])):>12}"
        print(line)
    return 0


def _label(name: str, *, tree: bool) -> str:
    if not tree or "/" not in name:
        return name
    level = name.count("/")
    return "   " * (level - 1) + " \\_ " + name.rpartition("/")[2]


def _labelled(remote: Remote, text: str) -> list[str]:
    label, equals, value = text.partition("=")
    answer = remote.call("FindLabel", label=label, value=value if equals else None)
    rows = answer.get("FindLabel", {}).get("list", [])
    return sorted({row["name"] for row in rows if row["name"] != "/"})


def _values(remote: Remote, names: list[str], variables: list[str]) -> list[dict[str, str]]:
    """One dict per container that still exists, with its name among the values."""
    if not names:
        return []
    answer = remote.call("get", name=names, variable=variables).get("get", {}).get("list", [])
    rows = []
    for row in answer:
        pairs: list[dict[str, Any]] = row.get("keyval", [])
        if any(pair.get("error") == _GONE for pair in pairs):
            continue
        values = {"name": row["name"]}
        for pair in pairs:
            busy = "busy" if pair.get("error") == _BUSY else ""
            values[pair["variable"]] = busy or pair.get("value", "")
        rows.append(values)
    return rows


def sort(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Table of containers, largest values first."""
    masks = ["***"]
    props = arguments
    if "--" in arguments:
        split = arguments.index("--")
        masks, props = arguments[:split], arguments[split + 1 :]
    props = props or ["state", "time"]
    listed = remote.call("propertyList").get("propertyList", {}).get("list", [])
    known = {row["name"] for row in listed}
    for prop in props:
        if prop.partition("[")[0] not in known and "." not in prop:
            complain(f"Cannot sort by {prop}: no such property")
            return 1
    rows = _values(remote, masks, props)
    # Sorts are stable: the last key first, so that the first one decides.
    for prop in reversed(props):
        rows.sort(key=lambda row, prop=prop: _order(row[prop]), reverse=True)  # type: ignore[misc]
    table = [["container", *props]]
    table += [[row["name"], *(human(prop, row[prop]) for prop in props)] for row in rows]
    widths = [max(len(line[column]) for line in table) for column in range(len(props) + 1)]
    for line in table:
        cells = [f"{cell:>{width + 2}}" for cell, width in zip(line[1:], widths[1:], strict=True)]
        print(f"{line[0]:{widths[0]}}" + "".join(cells))
    return 0


def _order(value: str) -> tuple[int, float, str]:
    try:
        return 1, float(value), ""
    except ValueError:
        return 0, 0.0, value
