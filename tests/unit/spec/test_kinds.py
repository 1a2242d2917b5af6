"""A new kind lives a whole life in the frame, which nobody has told of it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from porto.cli.report import Report
from porto.observers.clock import Clock
from porto.reconcilers.engine.loop import Engine
from porto.reconcilers.engine.result import Done, Result, Stuck
from porto.reconcilers.engine.triggers import Triggers
from porto.spec.catalog import Catalog
from porto.spec.errors import (
    DeviceNotFound,
    InvalidLabel,
    InvalidValue,
    Permission,
    ResourceNotAvailable,
)
from porto.spec.key import Key
from porto.spec.kinds import DIALECTS
from porto.spec.records.record import Record, Run
from porto.spec.schema import json_schema
from porto.spec.sources.dialect import by_noun
from porto.spec.undo import take_back
from tests.unit.spec.toy import DIALECT, TOY, WATCH, House, ToySpec, make_true, set_property

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = "kind: toy\nname: declared\nsize: 4K\n---\nname: web\ncommand: sleep 1\n"
ACKNOWLEDGED = 20


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def write(house: House, text: str, name: str = "a.yaml") -> str:
    path = house.specs / name
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def report(house: House) -> dict[str, object]:
    """What `portoctl status` gets."""
    clock = Clock()
    made = Report(
        "1", house.catalog, clock, clock.mono(), {}, house.problems, house.sources.problems
    )
    found: dict[str, object] = json.loads(made.status())
    return found


def test_a_life_over_a_kill(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir(mode=0o755)
    (tmp_path / "specs" / "a.yaml").write_text(DOCUMENT)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.spec.toy", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as daemon:
        assert daemon.stdout is not None
        try:
            sizes = [int(daemon.stdout.readline()) for _ in range(ACKNOWLEDGED)]
        finally:
            daemon.kill()
        rest = daemon.stdout.read().split()
    last = int(rest[-1]) if rest and rest[-1].isdigit() else sizes[-1]

    house = House(tmp_path)
    assert house.problems == []
    made, declared = house.toys.get("byhand"), house.toys.get("declared")
    # What was acknowledged is there; what was written and not yet told may be, too.
    assert last <= made.spec.toy.size <= last + 1
    assert made.provenance == {"size": "api"}
    assert declared.spec.toy.size == 4096
    assert declared.provenance == {"size": f"file:{tmp_path}/specs/a.yaml:3"}
    assert house.containers.get("web").spec.process.command == "sleep 1"

    assert house.sync() == []
    assert (house.world / str(declared.id)).stat().st_size == 4096
    assert report(house)["toys"] == {"ready": 2}
    assert report(house)["containers"] == {"starting": 1}
    assert report(house)["kinds"] == {"container": "containers", "toy": "toys"}

    (house.specs / "a.yaml").unlink()
    assert house.sync() == []
    assert house.toys.names() == ["byhand"]
    assert not (house.world / str(declared.id)).exists()
    assert house.containers.get("web").intent.run is Run.ABSENT
    assert House(tmp_path).toys.names() == ["byhand"]


def test_a_document_is_followed(house: House) -> None:
    write(house, DOCUMENT)
    house.sync()
    before = house.toys.get("declared")
    write(house, DOCUMENT.replace("4K", "8K"))
    assert house.sync() == []
    after = house.toys.get("declared")
    assert (after.spec.toy.size, after.generation) == (8192, before.generation + 1)
    assert house.sync() == []
    assert house.toys.get("declared").generation == after.generation


def test_what_a_user_destroys_stays_away_until_its_document_changes(house: House) -> None:
    write(house, DOCUMENT)
    house.sync()
    record = house.toys.get("declared")
    house.toys.put(record.with_intent(run=Run.ABSENT, origin="api"), now=2.0)
    house.sync()
    assert house.sync() == []
    assert house.toys.names() == []
    write(house, DOCUMENT.replace("4K", "8K"))
    assert house.sync() == []
    assert house.toys.names() == ["declared"]


def test_a_list_of_its_kind_needs_no_word(house: House) -> None:
    write(house, "toys:\n- name: one\n- name: two\n  size: 1\n")
    assert house.sync() == []
    assert house.toys.names() == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "name: a\n---\nkind: boat\nname: b\n",
            ":3: kind: no such kind: 'boat'; there are: container, toy",
        ),
        ("kind: [toy]\nname: a\n", ":1: kind: no such kind: ''; there are: container, toy"),
        ("kind: toy\nname: a\ncommand: x\n", ":3: command: no such property"),
        ("kind: toy\nname: a1\n", ":2: name: cannot create toy 'a1': only a-z are allowed"),
        ("kind: toy\nname: a\ncolour: pink\n", ":3: colour: cannot be 'pink': "),
        ("kind: toy\n", ":1: name: the toy has no name"),
        ("toys: 5\n", ":1: toys: wants a list of toys"),
        (
            "name: a\ncontainers:\n- kind: toy\n  name: b\n",
            ":3: kind: a toy cannot be declared below 'a'",
        ),
    ],
)
def test_faults_name_file_line_and_reason(house: House, text: str, fault: str) -> None:
    path = write(house, text)
    faults = house.sync()
    assert any(item.startswith(path + fault) for item in faults), faults
    assert house.toys.names() == house.containers.names() == []


def test_a_container_and_a_toy_of_one_name_do_not_meet(house: House) -> None:
    write(house, "name: same\n---\nkind: toy\nname: same\n")
    assert house.sync() == []
    toy, container = house.toys.get("same"), house.containers.get("same")
    assert toy.key == Key("toy", 1)
    assert container.key == Key("container", 4)
    assert house.catalog.find(toy.key) is house.toys.get("same")
    assert house.catalog.find(Key("boat", 1)) is None


def test_rules_limits_and_errors_are_its_own(house: House) -> None:
    for name in ("a", "b", "c"):
        house.toys.create(name, ToySpec(), now=1.0, origins={})
    with pytest.raises(InvalidLabel, match="it exists already"):
        house.toys.create("a", ToySpec(), now=1.0, origins={})
    with pytest.raises(ResourceNotAvailable, match="the limit of 3 toys is reached"):
        house.toys.create("d", ToySpec(), now=1.0, origins={})
    with pytest.raises(DeviceNotFound, match="no such toy"):
        house.toys.get("d")
    with pytest.raises(InvalidValue):
        set_property(house.toys, "a", "colour", "pink")


def test_conditions_are_reported_under_its_noun(house: House) -> None:
    write(house, "kind: toy\nname: a\ncolour: blue\n")
    house.sync()
    assert report(house)["conditions"] == [
        {"toy": "a", "kind": "Stuck", "facet": "toy", "message": "no paint"}
    ]


def test_a_change_is_taken_back_without_what_others_have_set(house: House) -> None:
    house.toys.create("a", ToySpec(), now=1.0, origins={})
    before = house.toys.get("a")
    mine = set_property(house.toys, "a", "size", "5")
    set_property(house.toys, "a", "colour", "blue")
    take_back(house.toys, before, now=4.0, new=mine)
    toy = house.toys.get("a")
    assert (toy.spec.toy.size, toy.spec.toy.colour) == (0, "blue")
    assert toy.provenance == {"colour": "api"}


def test_every_change_of_every_kind_is_told(house: House) -> None:
    seen: list[tuple[Key, str]] = []

    def note(old: Record | None, new: Record | None) -> None:
        record = new or old
        assert record is not None
        seen.append((record.key, "made" if old is None else "gone" if new is None else "changed"))

    leave = house.catalog.subscribe(note)
    write(house, "name: a\nstart: false\n---\nkind: toy\nname: b\nstart: false\n")
    house.sync()
    house.toys.delete(house.toys.get("b"))
    leave()
    house.toys.create("c", ToySpec(), now=1.0, origins={})
    container, toy = Key("container", 4), Key("toy", 1)
    assert seen == [(container, "made"), (toy, "made"), (toy, "changed"), (toy, "gone")]


def test_one_store_a_kind(house: House) -> None:
    with pytest.raises(ValueError, match="two stores"):
        Catalog(house.toys, house.toys)
    assert house.catalog.kinds[1] is TOY


def test_a_key_has_a_text() -> None:
    assert Key.parse(str(Key("toy", 7))) == Key("toy", 7)
    for text in ("toy", "toy:", ":7", "toy:x", "toy:²"):
        with pytest.raises(ValueError, match="KIND:ID"):
            Key.parse(text)


def test_the_schema_knows_all_kinds_it_is_given() -> None:
    found = json_schema(by_noun(*DIALECTS.values(), DIALECT))
    toy = found["$defs"]["toy"]
    assert toy["required"] == ["kind", "name"]
    assert list(toy["properties"]) == ["kind", "name", "start", "colour", "size"]
    assert {"$ref": "#/$defs/toy"} in found["anyOf"]
    assert found["$defs"]["container"] == json_schema(DIALECTS)["$defs"]["container"]


def test_an_enforced_value_is_nobody_elses(tmp_path: Path) -> None:
    house = House(tmp_path, enforce=True)
    path = write(house, DOCUMENT)
    house.sync()
    with pytest.raises(Permission, match=f"it is enforced by {path}:3"):
        set_property(house.toys, "declared", "size", "1")
    record = house.toys.get("declared")
    house.toys.put(record.with_intent(run=Run.ABSENT, origin="api"), now=2.0)
    house.sync()
    assert house.sync() == []
    assert house.toys.get("declared").spec.toy.size == 4096


def test_the_engine_makes_it_true_and_answers_who_waits(house: House) -> None:
    def run_pass(key: Key) -> Result:
        make_true(house.toys, key, house.world)
        return Done()

    async def life() -> None:
        engine = Engine(house.catalog, run_pass, Clock())
        triggers = Triggers(house.catalog, engine.enqueue, {"toy": WATCH})
        house.toys.subscribe(triggers.on_change)
        try:
            toy = house.toys.create("a", ToySpec(), now=1.0, origins={})
            path = house.world / str(toy.id)
            await engine.converge([toy])
            assert path.stat().st_size == 0
            await engine.converge([set_property(house.toys, "a", "size", "7")])
            assert path.stat().st_size == 7

            path.write_bytes(b"somebody else")
            triggers.all()
            await engine.converge([house.toys.get("a")])
            assert path.stat().st_size == 7

            gone = house.toys.get("a").with_intent(run=Run.ABSENT)
            await engine.converge([house.toys.put(gone, now=2.0)])
            assert house.toys.names() == []
            assert not path.exists()
        finally:
            engine.close()

    asyncio.run(life())


def test_a_pass_that_cannot_make_it_true_is_told_to_who_waits(house: House) -> None:
    def run_pass(key: Key) -> Result:
        return Stuck(InvalidValue("no paint"))

    async def life() -> None:
        engine = Engine(house.catalog, run_pass, Clock())
        try:
            toy = house.toys.create("a", ToySpec(), now=1.0, origins={})
            with pytest.raises(InvalidValue, match="no paint"):
                await engine.converge([toy])
        finally:
            engine.close()

    asyncio.run(life())
