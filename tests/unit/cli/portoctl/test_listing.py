"""list, sort, find, convert."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def containers(fake):
    fake.containers |= {
        "a": {"state": "meta", "time": "3725"},
        "a/b": {"state": "running", "time": "5", "memory_usage": "9"},
        "a/b/c": {"state": "dead", "time": "200000", "memory_usage": "10"},
        "long-long-name": {"state": "stopped", "TEST.l": "v"},
    }


def test_table(ctl) -> None:
    assert ctl("list").out.splitlines() == [
        "a                     meta     1:02:05",
        "a/b                running          5s",
        "a/b/c                 dead     2d 7:33",
        "long-long-name     stopped",
    ]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["-1"], ["a", "a/b", "a/b/c", "long-long-name"]),
        (["-1", "-t"], ["a", "long-long-name"]),
        (["-1", "-r"], ["a/b"]),
        (["-1", "a/*"], ["a/b", "a/b/c"]),
        (["-1", "-L", "TEST.l"], ["long-long-name"]),
        (["-1", "-L", "TEST.l=w"], []),
    ],
)
def test_choices(ctl, words, wanted) -> None:
    assert ctl("list", *words).out.split() == wanted


def test_tree(ctl) -> None:
    lines = ctl("list", "-f").out.splitlines()
    assert [line.split("  ")[0].rstrip() if line[0] != " " else line[:8] for line in lines] == [
        "a",
        " \\_ b   ",
        "    \\_ c",
        "long-long-name",
    ]


def test_empty_list(ctl, fake) -> None:
    for name in list(fake.containers):
        if name != "/":
            del fake.containers[name]
    assert ctl("list") == (0, "", "")


def test_sort_by_number_descending(ctl) -> None:
    lines = ctl("sort", "memory_usage", "state").out.splitlines()
    assert lines[0].split() == ["container", "memory_usage", "state"]
    assert [line.split()[0] for line in lines[1:3]] == ["a/b/c", "a/b"]
    assert lines[1].split()[1] == "10B"


def test_sort_of_some(ctl) -> None:
    lines = ctl("sort", "a/*", "--", "state").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["a/b", "a/b/c"]


def test_sort_by_nothing_known(ctl) -> None:
    assert ctl("sort", "nothing").status == 1


def test_find(ctl) -> None:
    comm = Path("/proc/self/comm").read_text().strip()
    assert ctl("find", str(os.getpid())).out == f"pid-{os.getpid()}-{comm}\n"
    assert ctl("find", "77", "name").out == "pid-77-name\n"
    for word in ("0", "-5", "x", str(1 << 40), "4194303"):
        assert ctl("find", word).status == 1, word


def test_convert(ctl) -> None:
    assert ctl("convert", "/x").out == "self:self:/x\n"
    assert ctl("convert", "-s", "a", "-d", "b", "/x").out == "a:b:/x\n"
    assert ctl("convert", "/x", "/y").status == 1
