"""Option -o: values for programs, as JSON or YAML; text for people is each command's own.

Called by the commands that look ahead and back: plan, diff, explain, events.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from porto.cli.portoctl.usage import Options

FORMATS = ("text", "json", "yaml")


class UnknownFormat(Exception):
    """A value of -o that is none of `FORMATS`."""


def format_of(options: Options) -> str:
    """The format that -o asks for; raises `UnknownFormat`."""
    wanted = options.get("o", ["text"])[-1]
    if wanted not in FORMATS:
        raise UnknownFormat(f"-o {wanted!r} is not one of {', '.join(FORMATS)}")
    return wanted


def encoded(value: Any, form: str, *, lines: bool = False) -> str:
    """A value as JSON or YAML; with `lines` JSON of one line, to be followed by others."""
    if form == "yaml":
        from porto.spec.sources.yaml_text import dump

        return dump(value).rstrip("\n")
    import json

    return json.dumps(value) if lines else json.dumps(value, indent=2)


def filled(message: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """A decoded message with all of `defaults`' keys, in their order."""
    return {key: message.get(key, default) for key, default in defaults.items()}
