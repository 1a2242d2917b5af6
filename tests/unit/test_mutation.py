"""The bookkeeping of the mutation tier, and that its lists are about files that exist."""

import re
import signal
import subprocess
from pathlib import Path

import pytest

from porto.kernel.process.processes import has_ended
from tests.mutation.bounds import stop
from tests.mutation.rooms import ROOMS, UnknownRoom, chosen
from tests.mutation.survivors import LIST, Explained, Mutation, explained
from tests.mutation.tally import Tally, Verdict, row, sample_sizes, split, table, verdict
from tests.patience import until

ROOT = Path(__file__).resolve().parents[2]

DIFF = """--- porto/a.py
+++ porto/a.py
@@ -1,4 +1,4 @@
     first = 1
-    if a < b:
-        go(
+    if a <= b:
+        go(None,
     last = 2
"""
CHANGE = Mutation("porto/a.py", "A.f", ("if a < b:", "go("), ("if a <= b:", "go(None,"))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, Verdict.NOT_RUN),
        (0, Verdict.SURVIVED),
        (5, Verdict.SURVIVED),
        (33, Verdict.SURVIVED),
        (1, Verdict.KILLED),
        (3, Verdict.KILLED),
        (-6, Verdict.KILLED),
        (-24, Verdict.TIMEOUT),
        (-9, Verdict.TIMEOUT),
    ],
)
def test_a_status_is_a_verdict(status: int | None, expected: Verdict) -> None:
    assert verdict(status) is expected


def tally(killed: int, survived: int, explained: int = 0, timeout: int = 0, late: int = 0) -> Tally:
    counts = {
        Verdict.KILLED: killed,
        Verdict.SURVIVED: survived,
        Verdict.TIMEOUT: timeout,
        Verdict.NOT_RUN: late,
    }
    return Tally("queue", 100, counts, explained)


@pytest.mark.parametrize(
    ("counted", "percent", "enough"),
    [
        (tally(90, 10), 90.0, True),
        (tally(89, 11), 89.0, False),
        (tally(80, 20, explained=10), 90.0, True),
        (tally(80, 10, timeout=10), 90.0, True),
        (tally(9, 1, late=90), 90.0, True),
        (tally(0, 0, late=100), 0.0, False),
        (Tally("decide", 0), 0.0, True),
        (Tally("queue", 100, tally(100, 0).counts, trouble="a test fails"), 100.0, False),
    ],
)
def test_what_is_enough(counted: Tally, percent: float, enough: bool) -> None:
    assert (counted.percent, counted.enough) == (percent, enough)


def test_verdicts_are_counted() -> None:
    counted = Tally("queue", 4)
    counted.add({"a": Verdict.KILLED, "b": Verdict.KILLED, "c": Verdict.SURVIVED})
    assert (counted.ran, counted.counts[Verdict.KILLED]) == (3, 2)


def test_the_table_counts_explained_survivors_apart() -> None:
    header, line = table([tally(80, 20, explained=15, late=3)]).splitlines()
    cells = dict(zip(header.split(), line.split(), strict=False))
    assert cells == {
        "room": "queue",
        "mutants": "100",
        "ran": "100",
        "killed": "80",
        "timeout": "0",
        "explained": "15",
        "survived": "5",
        "percent": "95.0%",
    }
    assert line.endswith("3 not run: no time left")


def test_a_row_says_what_is_wrong() -> None:
    assert row(tally(50, 50)).endswith("under 90%")
    assert row(Tally("queue", 9, trouble="a test fails")).endswith("a test fails")


def test_a_difference_is_a_mutation() -> None:
    assert Mutation.of_diff("porto/a.py", "A.f", DIFF) == CHANGE


def test_survivors_are_parted_by_the_list() -> None:
    elsewhere = Mutation("porto/b.py", "A.f", CHANGE.was, CHANGE.now)
    another = Mutation("porto/a.py", "A.f", CHANGE.now, CHANGE.was)
    found = {"one": CHANGE, "two": elsewhere, "three": another}
    left, why = split(found, [Explained(CHANGE, "a is never b")])
    assert (left, why) == ({"two": elsewhere, "three": another}, {"one": "a is never b"})
    whole = Explained(Mutation("porto/a.py", "A.f", (), ()), "runs at import")
    left, why = split(found, [whole])
    assert (left, why) == ({"two": elsewhere}, dict.fromkeys(("one", "three"), "runs at import"))


def test_the_list_is_read_without_indentation(tmp_path: Path) -> None:
    written = tmp_path / "survivors.toml"
    written.write_text(
        "[[survivor]]\nfile = 'porto/a.py'\nfunction = 'A.f'\nreason = 'r'\n"
        "was = '''\n    if a < b:\n        go(\n'''\nnow = '''if a <= b:\ngo(None,'''\n"
    )
    assert explained(written) == [Explained(CHANGE, "r")]


def test_every_explained_mutation_is_of_a_line_that_is_there() -> None:
    for entry in explained(LIST):
        text = (ROOT / entry.mutation.file).read_text(encoding="utf-8")
        lines = {line.strip() for line in text.splitlines()}
        assert set(entry.mutation.was) <= lines, entry
        assert f"def {entry.mutation.function.rpartition('.')[2]}(" in text, entry
        assert len(re.findall(r"\w+", entry.reason)) > 2, entry


def test_no_mutation_is_explained_twice() -> None:
    mutations = [entry.mutation for entry in explained(LIST)]
    assert len(set(mutations)) == len(mutations)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_has_files_and_tests(room: object) -> None:
    (found,) = (one for one in ROOMS if one is room)
    assert all(any(ROOT.glob(glob)) for glob in found.sources)
    assert all((ROOT / path).exists() for path in (*found.tests, *found.besides))
    assert not set(found.besides) & set(found.files(ROOT))


def test_rooms_are_chosen_by_name_directory_and_file() -> None:
    words = ["cpu sets", "porto/spec/codecs/", "porto/api/masks.py"]
    rooms = {room.name: files for room, files in chosen(ROOT, words)}
    assert set(rooms) == {"cpu sets", "codecs", "authority"}
    assert "porto/spec/codecs/env.py" in rooms["codecs"]
    assert rooms["authority"] == ["porto/api/masks.py"]


def test_all_rooms_are_chosen_by_no_word() -> None:
    assert [room for room, _ in chosen(ROOT, [])] == list(ROOMS)


def test_a_word_without_meaning_is_an_error() -> None:
    with pytest.raises(UnknownRoom, match=r"^porto/spec/codec: no room \(codecs, .*\) and no file"):
        chosen(ROOT, ["porto/spec/codec"])


@pytest.mark.parametrize(
    ("mutants", "limit", "sizes"),
    [
        ({"a": 10, "b": 1000, "c": 1000}, 210, {"a": 10, "b": 100, "c": 100}),
        ({"a": 5, "b": 6}, 100, {"a": 5, "b": 6}),
        ({"a": 1000, "b": 1000}, 10, {"a": 5, "b": 5}),
        ({}, 10, {}),
    ],
)
def test_a_sample_is_shared_out(mutants: dict[str, int], limit: int, sizes: dict[str, int]) -> None:
    assert sample_sizes(mutants, limit) == sizes


def test_nothing_of_a_session_outlives_its_time() -> None:
    """Not its leader, who does not listen, nor whom that one waits for."""
    script = "trap '' INT; (trap '' INT; while :; do sleep 600; done) & echo $!; wait"
    run = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    with run:
        assert run.stdout is not None
        child = int(run.stdout.readline())
        stop(run, 0, 0)
        until(lambda: has_ended(child), "the child goes on")
    assert run.returncode == -signal.SIGKILL


def test_who_ends_in_time_is_left_alone() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as run:
        stop(run, 60)
    assert run.returncode == 0
