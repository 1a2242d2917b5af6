"""portoctl plan and diff: what would change, and what is not as specified.

Called by `main`. The daemon computes; documents are read here, with the user's rights, and
sent as text. Exit status: 0 nothing would change, 2 something would, 1 for an error.
"""

from __future__ import annotations

import os
import sys

from porto.cli.portoctl.main import complain
from porto.cli.portoctl.output import UnknownFormat, encoded, filled, format_of
from porto.cli.portoctl.plan_text import is_idle, plan_lines, shown, summary
from porto.cli.portoctl.usage import command_usage
from porto.client.exceptions import PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.remote import Remote
    from porto.cli.portoctl.usage import Options

CHANGES = 2
"""Exit status when something would change, as diff(1) has its 1."""

_VERBS = ("set", "start", "stop", "destroy")


def plan(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print what documents, or a request, would change."""
    actions = _actions(arguments)
    if actions is not None:
        if not actions:
            print(command_usage("plan"))
            return 1
        return _told(remote, options, "Plan", [], action=actions)
    documents, directories, problems = _documents(arguments)
    return _told(
        remote, options, "Plan", problems, document=documents, directory=directories or None
    )


def diff(remote: Remote, options: Options, arguments: list[str]) -> int:
    """Print what the kernel shows that the specifications do not say."""
    return _told(remote, options, "Diff", [], name=arguments or None)


def _told(
    remote: Remote, options: Options, request: str, problems: list[dict[str, Any]], **fields: Any
) -> int:
    try:
        form = format_of(options)
        answer = remote.call(request, **fields).get(request, {})
    except (PortoException, UnknownFormat) as error:
        # Its number could be taken for `CHANGES`.
        complain(f"Cannot {request.lower()}: {error}")
        return 1
    plans = [_plan(item) for item in answer.get("object", [])]
    problems = [
        *problems,
        *(filled(p, path="", line=0, property="", reason="") for p in answer.get("problem", [])),
    ]
    if form == "text":
        _print(request, plans, problems, verbose="v" in options)
    else:
        value: dict[str, Any] = {"objects": plans}
        if request == "Plan":
            value["problems"] = problems
        print(encoded(value, form))
    if problems or any(item["error"] for item in plans):
        return 1
    told = request == "Diff" and any(item["reasons"] for item in plans)
    return 0 if all(map(is_idle, plans)) and not told else CHANGES


def _plan(message: dict[str, Any]) -> dict[str, Any]:
    found = filled(message, kind="", name="", action="")
    found["spec"] = [
        filled(item, property="", before=None, after=None, origin="")
        for item in message.get("spec", [])
    ]
    found["kernel"] = [
        filled(item, facet="", subject="", want="", have="", why="", when="live", step=[])
        for item in message.get("kernel", [])
    ]
    for item in found["kernel"]:
        item["steps"] = item.pop("step")
    found["reasons"] = message.get("reason", [])
    found["error"] = message.get("error", "")
    return found


def _print(
    request: str, plans: list[dict[str, Any]], problems: list[dict[str, Any]], *, verbose: bool
) -> None:
    for problem in problems:
        where = f"{problem['path']}:{problem['line']}" if problem["line"] else problem["path"]
        parts = (where, problem["property"], problem["reason"])
        complain(shown(": ".join(part for part in parts if part), 1000))
    for item in plans:
        if not is_idle(item) or item["error"] or item["reasons"]:
            print("\n".join(plan_lines(item, planned=request == "Plan", verbose=verbose)))
    if request == "Plan":
        nothing = "Nothing would change."
    elif any(item["reasons"] for item in plans):
        nothing = "Nothing that a pass would put right."
    else:
        nothing = "Everything is as specified."
    if plans or not problems:
        print(summary(plans, nothing, planned=request == "Plan"))


# -- what is asked ---------------------------------------------------------------


def _actions(words: list[str]) -> list[dict[str, str]] | None:
    """The actions of ``set|start|stop|destroy ...``, empty for too few words; else None."""
    verb, *rest = words
    if verb not in _VERBS:
        return None
    if verb != "set":
        return [{"verb": verb, "name": name} for name in rest]
    name, *words = rest or [""]
    if words and "=" in words[0]:
        pairs = [word.partition("=")[::2] for word in words]
    else:
        pairs = [(words[0], " ".join(words[1:]))] if len(words) > 1 else []
    return [{"verb": verb, "name": name, "property": prop, "value": value} for prop, value in pairs]


def _documents(
    paths: list[str],
) -> tuple[list[dict[str, str]], list[str], list[dict[str, Any]]]:
    """Documents, directories whose files are all among them, and what could not be read."""
    from porto.spec.sources.documents import STDIN
    from porto.spec.sources.files import FileRefused, Rules, os_reason, read_file

    documents: list[dict[str, str]] = []
    directories: list[str] = []
    problems: list[dict[str, Any]] = []

    def read(path: str) -> None:
        try:
            data = sys.stdin.buffer.read() if path == STDIN else read_file(path, Rules())[0]
            documents.append({"path": path, "text": data.decode()})
        except UnicodeDecodeError:
            problems.append(_problem(path, "is not UTF-8 text"))
        except FileRefused as refusal:
            problems.append(_problem(path, refusal.reason))
        except OSError as error:
            problems.append(_problem(path, f"cannot be read: {os_reason(error)}"))

    for word in paths:
        path = word if word == STDIN else os.path.abspath(word)
        if path == STDIN or not os.path.isdir(path):
            read(path)
            continue
        files, faults = _walk(path)
        problems += faults
        before = len(problems)
        for file in files:
            read(file)
        if not faults and len(problems) == before:
            directories.append(path)
    return documents, directories, problems


def _walk(top: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The files that count in a directory, found as the daemon finds them; and its faults."""
    from porto.spec.kinds import DIALECTS
    from porto.spec.sources.directory import DirectoryScanner, WatchedDirectory
    from porto.spec.sources.documents import Document
    from porto.spec.sources.files import Rules

    scanner = DirectoryScanner(WatchedDirectory(path=top), DIALECTS, rules=Rules())
    look = scanner.look()
    found = list(look.diagnostics)
    files = []
    for path, item in sorted(look.found.items()):
        if isinstance(item, Document):
            found += item.diagnostics
        else:
            files.append(path)
    return files, [_problem(item.path, item.reason, item.line) for item in found]


def _problem(path: str, reason: str, line: int = 0) -> dict[str, Any]:
    return {"path": path, "line": line, "property": "", "reason": reason}
