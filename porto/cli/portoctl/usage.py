"""Help texts of portoctl, and the parsing of options.

Called by `main`. Options are getopt's: short, before the first argument, ``--`` ends
them; the standard library's parsers cost more to import than a command to run.
"""

from __future__ import annotations

from porto.cli.portoctl.commands import COMMANDS
from porto.client.exceptions import PortoException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from porto.cli.portoctl.remote import Remote

    Options: TypeAlias = dict[str, list[str]]


class UnknownOption(Exception):
    """An option that the command does not have, or one without its value."""


def parse(spec: str, arguments: list[str], until: str | None = None) -> tuple[Options, list[str]]:
    """(values by option letter, the other arguments); a flag's value is "".

    until -- None: options end before the first argument; else after a first one of this name
    """
    options: Options = {}
    others: list[str] = []
    position = 0
    while position < len(arguments):
        word = arguments[position]
        if word == "--":
            position += 1
            break
        if not word.startswith("-") or word == "-":
            if until is None or [word, *others] == [until]:
                break
            others.append(word)
            position += 1
            continue
        position += 1
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            at = -1 if letter == ":" else spec.find(letter)
            if at < 0:
                raise UnknownOption(f"unknown option -{letter}")
            value = ""
            if spec[at + 1 : at + 2] == ":":
                if letters:
                    value, letters = letters, ""
                elif position < len(arguments):
                    value = arguments[position]
                    position += 1
                else:
                    raise UnknownOption(f"option -{letter} needs a value")
            options.setdefault(letter, []).append(value)
    return options, [*others, *arguments[position:]]


def command_usage(name: str) -> str:
    """Usage of one command."""
    _, _, _, _, synopsis, summary = COMMANDS[name]
    return f"Usage: portoctl {name} {synopsis}".rstrip() + f"\n\n{summary}"


def general_usage(remote: Remote) -> str:
    """All commands, and all properties that the daemon knows."""
    width = max(map(len, COMMANDS)) + 2
    lines = [
        "Usage: portoctl [-h|--help] [-v|--version] [-t|--timeout SEC] [--socket PATH]"
        " COMMAND [ARGUMENT...]",
        "",
        "Commands:",
        *(f"  {name:{width}}{row[5]}" for name, row in COMMANDS.items()),
        f"  {'help':{width}}this text; with a command's name, its usage",
    ]
    lines += _properties(remote, "Volume properties", "listVolumeProperties")
    lines += _properties(remote, "Container properties", "propertyList")
    return "\n".join(lines)


def _properties(remote: Remote, title: str, request: str) -> list[str]:
    answer, rows = {
        "propertyList": ("propertyList", "list"),
        "listVolumeProperties": ("volumePropertyList", "properties"),
    }[request]
    try:
        found = remote.call(request).get(answer, {}).get(rows, [])
    except PortoException as error:
        return ["", f"{title}: unavailable ({error.text or type(error).__name__})"]
    width = max([10, *(len(row["name"]) for row in found)]) + 2
    found.sort(key=lambda row: row["name"])
    return ["", f"{title}:", *(f"  {row['name']:{width}}{row['desc']}" for row in found)]
