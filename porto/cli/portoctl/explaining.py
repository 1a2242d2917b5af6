"""portoctl explain: why a property is what it is, or a container as a whole.

Called by `main`. Names may hold dots, so NAME.PROPERTY is tried as a name first.
"""

from __future__ import annotations

from porto.cli.portoctl.main import complain
from porto.cli.portoctl.output import UnknownFormat, encoded, filled, format_of
from porto.cli.portoctl.plan_text import STEP_MAX, shown
from porto.client.exceptions import ContainerDoesNotExist

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

_INDENT = 12
AT_LAUNCH = "at launch"
"""Subject of what only the launch does: nothing of it can be observed afterwards."""


def explain(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print the explanations of each NAME or NAME.PROPERTY."""
    try:
        form = format_of(options)
    except UnknownFormat as error:
        complain(f"Cannot explain: {error}")
        return 1
    found = [item for word in arguments for item in _explained(remote, word)]
    if form != "text":
        print(encoded({"explanations": found}, form))
        return 0
    for number, item in enumerate(found):
        if number and not item["property"]:
            print()
        print("\n".join(_lines(item)))
    return 0


def _explained(remote: Remote, word: str) -> list[dict[str, Any]]:
    try:
        answer = remote.call("Explain", name=word)
    except ContainerDoesNotExist:
        name, prop = _split(word)
        if not name or not prop:
            raise
        answer = remote.call("Explain", name=name, property=prop)
    return [_value(item) for item in answer.get("Explain", {}).get("explanation", [])]


def _split(word: str) -> tuple[str, str]:
    """NAME and PROPERTY of ``NAME.PROPERTY``, ``NAME.PROPERTY[INDEX]``."""
    bare = word.partition("[")[0]
    name = bare.rpartition(".")[0]
    return name, word[len(name) + 1 :]


def _value(message: dict[str, Any]) -> dict[str, Any]:
    found = filled(
        message,
        kind="",
        name="",
        property="",
        value="",
        default="",
        origin="",
        since=None,
        owner="",
        aspect=[],
        error="",
        next="",
    )
    aspects = [filled(item, facet="", subject="", want="", have="") for item in found.pop("aspect")]
    return {**found, "aspects": aspects}


def _lines(item: dict[str, Any]) -> Iterator[str]:
    prop = item["property"]
    if prop:
        yield f"{item['name']}.{prop} = {shown(item['value'])}"
        yield _row("default", shown(item["default"]) or "not set")
        if item["owner"]:
            yield _row("owner", item["owner"])
    else:
        yield f"{item['name']}: {item['value']}"
    since = f", since {_moment(item['since'])}" if item["since"] else ""
    if item["origin"]:
        yield _row("set by" if prop else "wanted by", item["origin"] + since)
    elif since:
        yield _row("since", since.removeprefix(", since "))
    width = max((len(aspect["subject"]) for aspect in item["aspects"]), default=0)
    for number, aspect in enumerate(item["aspects"]):
        want, have = (shown(aspect[key]) or "absent" for key in ("want", "have"))
        if aspect["subject"] == AT_LAUNCH:
            state = shown(aspect["want"], STEP_MAX)
        else:
            state = f"is {have}" if want == have else f"is {have}, wanted {want}"
        yield _row("in kernel" if not number else "", f"{aspect['subject']:{width}}  {state}")
    if item["error"]:
        yield _row("problem", shown(item["error"], 400))
    if item["next"]:
        yield _row("next", shown(item["next"], 400))


def _row(title: str, text: str) -> str:
    return f"  {title:{_INDENT}}{text}"


def _moment(seconds: int) -> str:
    from time import localtime, strftime

    return strftime("%Y-%m-%d %H:%M:%S", localtime(seconds))
