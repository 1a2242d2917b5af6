"""Who declares what: subjects, origins, and what stays of a record that is let go."""

import pytest

from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC
from porto.spec.kinds import DIALECTS
from porto.spec.sources.claims import (
    DIGEST_KEY,
    FILE_KEY,
    Claim,
    Subject,
    file_of,
    resolve,
    subject_of,
)
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import Snapshot, WatchedDirectory
from porto.spec.sources.documents import parse_document
from porto.spec.sources.plan import Destroy, Release, plan_removals


def claim(text: str, *, enforce: bool = False) -> Claim:
    (declared,) = parse_document(text.encode(), "/specs/a.yaml", DIALECTS).declared
    return Claim("/specs/a.yaml", declared, WatchedDirectory(path="/specs", enforce=enforce), 0)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (Subject("container", "a/b"), "a/b"),
        (Subject("volume", "/place/v"), "volume///place/v"),
        (Subject("layer", "x"), "layer//x"),
    ],
)
def test_a_subject_is_a_text_and_back(subject: Subject, text: str) -> None:
    assert str(subject) == text
    assert Subject.parse(text) == subject


@pytest.mark.parametrize(
    ("origin", "path"),
    [
        ("file:/specs/a.yaml:7", "/specs/a.yaml"),
        ("enforced:/specs/a:b.yaml:7", "/specs/a:b.yaml"),
        ("api", ""),
        ("filed:/specs/a.yaml:7", ""),
    ],
)
def test_the_file_in_an_origin(origin: str, path: str) -> None:
    assert file_of(origin) == path


@pytest.mark.parametrize(("enforce", "word"), [(False, "file"), (True, "enforced")])
def test_what_a_claim_says_of_itself(enforce: bool, word: str) -> None:
    found = claim("\nname: a\ncommand: x\n", enforce=enforce)
    assert (found.name, found.subject) == ("a", Subject("container", "a"))
    assert found.actor_origin == f"{word}:/specs/a.yaml"
    assert found.origin("command") == f"{word}:/specs/a.yaml:3"
    assert found.origin("private") == f"{word}:/specs/a.yaml:2"
    assert found.fault("is wrong") == Diagnostic("/specs/a.yaml", 2, "", "is wrong")
    assert found.fault("is wrong", line=9, key="k") == Diagnostic(
        "/specs/a.yaml", 9, "k", "is wrong"
    )


ORIGINS = {
    "command": "file:/specs/gone.yaml:2",
    "private": "api",
    "umask": "enforced:/other/b.yaml:7",
    FILE_KEY: "/specs/gone.yaml",
    DIGEST_KEY: "123",
}


def removals(record: ContainerRecord) -> list[Destroy | Release]:
    nothing = Snapshot(
        directory=WatchedDirectory(path="/specs"),
        documents={},
        unreadable=(),
        pending=frozenset(),
        settled=True,
        diagnostics=(),
        folders=(),
        links=(),
    )
    claims = resolve([nothing], lambda subject: record, {})
    return list(plan_removals(claims, [record]))


def test_an_adopted_container_is_released_and_keeps_what_others_said() -> None:
    record = ContainerRecord(7, "a", DEFAULT_SPEC, origins=ORIGINS)
    (step,) = removals(record)
    assert isinstance(step, Release)
    assert step.record is record
    assert step.origins == {
        "command": "api",
        "private": "api",
        "umask": "enforced:/other/b.yaml:7",
    }


def test_a_container_that_its_file_made_goes_with_it() -> None:
    record = ContainerRecord(7, "a", DEFAULT_SPEC, origins=ORIGINS, source="/specs/gone.yaml")
    assert removals(record) == [Destroy(record, "/specs/gone.yaml")]


@pytest.mark.parametrize(
    "path", ["", "/elsewhere/gone.yaml"], ids=["no file", "a directory that is not watched"]
)
def test_what_is_no_business_of_the_files_is_left_alone(path: str) -> None:
    record = ContainerRecord(7, "a", DEFAULT_SPEC, origins={FILE_KEY: path} if path else {})
    assert removals(record) == []
    assert subject_of(record) == Subject("container", "a")
