"""Documentation and JSON Schema of the properties, made from the registry.

Called by ``portoctl`` help, editors of specification files and this command, which
rewrites docs/properties.md and specs/schema.json::

    python -m porto.spec.schema --write
"""

import argparse
import inspect
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from porto.spec.kinds import DIALECTS
from porto.spec.prop import Property
from porto.spec.sources.dialect import DEFAULT_KIND, Dialect, Dialects

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_FILE = ROOT / "docs" / "properties.md"
SCHEMA_FILE = ROOT / "specs" / "schema.json"

_HEAD = """\
# Properties of containers

Made by `python -m porto.spec.schema --write` from `porto/spec/containers/fields`; edit those.
A property marked *live* may be set while the container runs and takes effect at once, one marked
*stopped* only while it is stopped. Read-only ones are readings, not settings.
"""


def json_schema(dialects: Dialects) -> dict[str, Any]:
    """JSON Schema of a document: an object, a list of them, or a list under its kind's plural.

    A property is a native value or the property's text.
    """
    plain = [{"$ref": f"#/$defs/{noun}"} for noun in dialects]
    kinds = [dialect.kind for dialect in dialects.values()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{' and '.join(kind.plural for kind in kinds).capitalize()} of porto",
        "anyOf": [
            *plain,
            {"type": "array", "items": plain[0] if len(plain) == 1 else {"anyOf": plain}},
            *(_under_plural(dialect) for dialect in dialects.values()),
        ],
        "$defs": {noun: _object(dialect) for noun, dialect in dialects.items()},
    }


def _listed(dialect: Dialect) -> dict[str, Any]:
    one = {"$ref": f"#/$defs/{dialect.kind.noun}"}
    return {"anyOf": [{"type": "array", "items": one}, one]}


def _under_plural(dialect: Dialect) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: _listed(dialect) for key in dialect.list_keys},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _object(dialect: Dialect) -> dict[str, Any]:
    noun, plural = dialect.kind.noun, dialect.kind.plural
    within = f"; below another {noun} the name within it." if dialect.nests else "."
    parts = ", parts separated by /" if dialect.nests else ""
    is_usual = noun == DEFAULT_KIND
    properties: dict[str, Any] = {
        "kind": {"const": noun, "description": f"That it is a {noun}."},
        "name": {
            "type": ["string", "integer"],
            "minLength": 1,
            "maxLength": dialect.kind.name_max,
            "description": f"Full name of the {noun}{parts}{within}",
        },
        "start": {
            "type": "boolean",
            "default": True,
            "description": f"Whether the {noun} is started.",
        },
    }
    if dialect.nests:
        listed = _listed(dialect)
        properties[plural] = {**listed, "description": f"Child {plural}."}
        properties[noun] = {**listed, "description": f"The same as {plural}."}
    settable = [p for p in dialect.settable.values() if p.prop.saved]
    properties |= {p.name: _property_schema(p) for p in settable}
    indexed = "|".join(p.name for p in settable if p.indexed)
    element = {rf"^({indexed})\[.+\]$": {"type": ["string", "integer"]}}
    return {
        "type": "object",
        "required": ["name"] if is_usual else ["kind", "name"],
        "properties": properties,
        **({"patternProperties": element} if indexed else {}),
        "additionalProperties": False,
    }


def property_reference_markdown() -> str:
    """The page docs/properties.md."""
    properties = DIALECTS[DEFAULT_KIND].kind.properties
    shown = [prop for prop in properties.values() if not prop.prop.hidden]
    settings = [_entry(prop) for prop in shown if not prop.prop.read_only]
    readings = [_entry(prop) for prop in shown if prop.prop.read_only]
    return "\n".join([_HEAD, "## Settings\n", *settings, "## Readings\n", *readings])


def property_syntax(prop: Property) -> str:
    """The syntax of a property's text, one line."""
    text = inspect.getdoc(type(prop.codec)) or ""
    line = " ".join(text.partition("\n\n")[0].split())
    choices = getattr(prop.codec, "choices", ())
    return f"{line[:-1]}: {', '.join(choices)}." if choices else line


def generated() -> dict[Path, str]:
    """The generated files and what they should hold."""
    schema = json.dumps(json_schema(DIALECTS), indent=2, ensure_ascii=False)
    return {REFERENCE_FILE: property_reference_markdown(), SCHEMA_FILE: schema + "\n"}


def _property_schema(prop: Property) -> dict[str, Any]:
    native = prop.codec.native_schema()
    text = {"type": "string"}
    schema: dict[str, Any] = native if native == text else {"anyOf": [native, text]}
    found = {**schema, "description": f"{prop.help} Text: {property_syntax(prop)}"}
    if not prop.is_default_unset:
        found["default"] = prop.default
    if prop.prop.example:
        found["examples"] = [prop.prop.example]
    return found


def _entry(prop: Property) -> str:
    facts = [_when(prop)]
    if not prop.is_default_unset and not prop.prop.read_only:
        facts.append(f"default {_code(prop.codec.format(prop.default))}")
    if prop.prop.example:
        facts.append(f"example {_code(prop.prop.example)}")
    if prop.prop.needs:
        facts.append(f"needs {', '.join(prop.prop.needs)}")
    if prop.indexed:
        facts.append(f"elements as `{prop.name}[...]`")
    lines = [f"### {prop.name}", "; ".join(facts), prop.help, f"Syntax: {property_syntax(prop)}"]
    return "\n\n".join(lines) + "\n"


def _when(prop: Property) -> str:
    meta = prop.prop
    if meta.read_only:
        if meta.dead_only:
            return "read-only, only when dead"
        return "read-only, not when stopped" if meta.runtime else "read-only"
    if not meta.dynamic:
        return "stopped"
    return "live, also when dead" if meta.any_state else "live"


def _code(text: str) -> str:
    return f"`{text.encode('unicode_escape').decode()}`"


def _stale(files: dict[Path, str]) -> Iterable[Path]:
    for path, text in files.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield path


def main(arguments: list[str] | None = None) -> int:
    """Write the generated files, or say which are not up to date."""
    parser = argparse.ArgumentParser(prog="python -m porto.spec.schema", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files that are stale")
    options = parser.parse_args(arguments)
    files = generated()
    stale = list(_stale(files))
    for path in stale:
        if options.write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        sys.stdout.write(f"{path} {'written' if options.write else 'is not up to date'}\n")
    return 1 if stale and not options.write else 0


if __name__ == "__main__":
    sys.exit(main())
