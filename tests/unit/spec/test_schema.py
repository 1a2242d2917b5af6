"""Generated documentation and schema are up to date and say what the registry says."""

import json
import re
from typing import Any

import pytest

from porto.spec import schema
from porto.spec.containers.spec import PROPERTIES, SPEC_PROPERTIES
from porto.spec.kinds import DIALECTS


@pytest.mark.parametrize("path", list(schema.generated()), ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Any) -> None:
    found = path.read_text(encoding="utf-8")
    assert found == schema.generated()[path], "run python -m porto.spec.schema --write"


def test_every_listed_property_is_in_the_reference() -> None:
    text = schema.property_reference_markdown()
    titles = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert titles == {p.name for p in PROPERTIES.values() if not p.prop.hidden}


def test_schema_is_json_and_closed() -> None:
    found = json.loads(json.dumps(schema.json_schema(DIALECTS)))
    container = found["$defs"]["container"]
    assert container["additionalProperties"] is False
    saved = {p.name for p in SPEC_PROPERTIES if p.prop.saved}
    assert set(container["properties"]) == saved | {
        "kind",
        "name",
        "start",
        "containers",
        "container",
    }
    (indexed,) = container["patternProperties"]
    assert re.search(indexed, "env[A]")
    assert not re.search(indexed, "cwd[A]")


def test_check_fails_for_a_stale_file(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "REFERENCE_FILE", tmp_path / "docs" / "properties.md")
    monkeypatch.setattr(schema, "SCHEMA_FILE", tmp_path / "schema.json")
    assert schema.main([]) == 1
    assert "is not up to date" in capsys.readouterr().out
    assert schema.main(["--write"]) == 0
    assert schema.main([]) == 0
