"""specs/examples: each document is valid, and all of them together show every facet."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from porto.spec.containers import effective
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.spec import FACETS, SPEC_PROPERTIES
from porto.spec.kinds import DIALECTS
from porto.spec.sources.documents import SUFFIXES, Document, parse_document
from porto.spec.sources.validate import validate_files
from tests.unit.spec.sources.rig import Rig

EXAMPLES = Path(__file__).parents[4] / "specs" / "examples"
FILES = sorted(EXAMPLES.iterdir())
# Deprecated; enable_porto has taken its place. And weak belongs to API clients.
NOT_SHOWN = {"porto_namespace", "weak"}


def documents() -> Iterator[Document]:
    for path in FILES:
        yield parse_document(path.read_bytes(), str(path), DIALECTS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_is_valid(path: Path) -> None:
    assert parse_document(path.read_bytes(), str(path), DIALECTS).diagnostics == ()


def test_all_together_are_one_valid_directory() -> None:
    assert validate_files([str(EXAMPLES)], DIALECTS) == []


def test_each_format_is_shown() -> None:
    shown = {path.suffix for path in FILES}
    assert shown >= set(SUFFIXES) - {".yml"}


def test_each_facet_has_a_document_that_shows_its_properties() -> None:
    stems = {path.stem: path for path in FILES}
    assert set(FACETS) <= set(stems)
    for facet in FACETS:
        path = stems[facet]
        document = parse_document(path.read_bytes(), str(path), DIALECTS)
        named = {prop.name for item in document.declared for prop in item.values}
        wanted = {prop.name for prop in SPEC_PROPERTIES if prop.facet == facet} - NOT_SHOWN
        assert wanted <= named, facet


def test_applied_and_applied_again(rig: Rig) -> None:
    for path in FILES:
        rig.write(path.name, path.read_text())
    assert rig.sync() == []
    declared = {item.name: item for document in documents() for item in document.declared}
    assert rig.names() == sorted(declared)
    for name, item in declared.items():
        is_meta = effective.is_meta(rig.record(name).spec)
        expected = "stopped" if not item.start else "meta" if is_meta else "running"
        assert rig.state(name) == expected
        for prop, value in item.values.items():
            assert rig.value(name, prop.name) == value
        parent = parent_name(name)
        assert parent == ROOT or parent in declared
    before = list(rig.store.records())
    assert rig.sync() == []
    assert list(rig.store.records()) == before
