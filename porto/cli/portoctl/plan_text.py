"""Plans for reading: what becomes of each object, aligned, with marks. Pure.

Called by `planning.py`. A line begins with ``+`` (comes), ``-`` (goes), ``~`` (changes) or ``!``
(would be refused).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

VALUE_MAX = 80
STEP_MAX = 200
_MARKS = {"create": "+", "destroy": "-"}
_WHEN = {
    "live": "in the kernel, at once:",
    "start": "in the kernel, with the start:",
    "restart": "in the kernel, by a restart:",
    "stop": "in the kernel, when it is taken down:",
}
_COUNTED = ("create", "change", "start", "restart", "stop", "destroy", "follow", "repair")


def is_idle(plan: dict[str, Any]) -> bool:
    """Whether nothing would become of the object."""
    return plan["action"] == "unchanged" and not plan["spec"] and not plan["kernel"]


def plan_lines(
    plan: dict[str, Any], *, planned: bool = True, verbose: bool = False
) -> Iterator[str]:
    """One object.

    planned -- what would become of it; otherwise what is not as specified
    verbose -- with each step of what is a list of operations
    """
    mark = "!" if plan["error"] else _MARKS.get(plan["action"], "~" if not is_idle(plan) else "=")
    kind = "" if plan["kind"] == "container" else f"{plan['kind']} "
    action = plan["action"]
    if action == "unchanged" and plan["kernel"]:
        action = "follows" if plan["reasons"] and planned else "differs"
    yield f"{mark} {kind}{plan['name']}: {action}"
    for reason in plan["reasons"]:
        yield f"    {shown(reason)}"
    width = max((len(item["property"]) for item in plan["spec"]), default=0)
    for item in plan["spec"]:
        yield f"    {_property(item, width)}"
    width = max((len(item["subject"]) for item in plan["kernel"]), default=0)
    now = ""
    for item in plan["kernel"]:
        if item["when"] != now:
            now = item["when"]
            yield f"  {_WHEN.get(now, now)}"
        yield from _change(item, width, verbose=verbose)
    if plan["error"]:
        yield f"    refused: {shown(plan['error'], 400)}"


def summary(plans: list[dict[str, Any]], nothing: str, *, planned: bool = True) -> str:
    """The last line: how many objects of each action."""
    counts: dict[str, int] = {}
    follow = "follow" if planned else "repair"
    for plan in plans:
        action = follow if plan["action"] == "unchanged" and plan["kernel"] else plan["action"]
        if plan["error"]:
            action = "refused"
        counts[action] = counts.get(action, 0) + 1
    parts = [f"{counts[action]} to {action}" for action in _COUNTED if action in counts]
    if counts.get("refused"):
        parts.append(f"{counts['refused']} refused")
    if not parts:
        return nothing
    if counts.get("unchanged"):
        parts.append(f"{counts['unchanged']} unchanged")
    return ", ".join(parts)


def _change(item: dict[str, Any], width: int, *, verbose: bool) -> Iterator[str]:
    have, want, why = (shown(item[key]) for key in ("have", "want", "why"))
    # What is not there yet needs no word for it.
    change = f"{have} -> {want or 'absent'}" if have else want
    notes = [f"({why})"] if why else []
    steps = item["steps"]
    if steps and not verbose:
        notes.append(f"({len(steps)} steps: -v shows them)")
    yield f"    {item['subject']:{width}}  {'  '.join([change, *notes])}"
    if verbose:
        for number, text in enumerate(steps, 1):
            yield f"      {number:2}. {shown(text, STEP_MAX)}"


def _property(item: dict[str, Any], width: int) -> str:
    origin = f"  ({item['origin']})" if item["origin"] else ""
    name = f"{item['property']:{width}}"
    before, after = item["before"], item["after"]
    if before is None:
        return f"+ {name} = {shown(after)}{origin}"
    if after is None:
        return f"- {name} = {shown(before)}{origin}"
    return f"~ {name} = {shown(before)} -> {shown(after)}{origin}"


def shown(text: str, longest: int = VALUE_MAX) -> str:
    """A value on one line: what would break it made visible, its end left out when long."""
    line = "".join(
        char if char.isprintable() or "\udc80" <= char <= "\udcff" else repr(char)[1:-1]
        for char in text[: longest + 1]
    )
    return line if len(line) <= longest else line[: longest - 3] + "..."
