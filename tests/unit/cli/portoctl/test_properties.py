"""get, set, pget, dget, plist, dlist."""

import pytest


@pytest.fixture(autouse=True)
def containers(fake):
    fake.containers["a"] = {"state": "running", "command": "sleep 1", "memory_limit": "1536"}
    fake.containers["b"] = {"state": "stopped"}


def test_all_values_for_reading(ctl) -> None:
    ended = ctl("get", "a")
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert lines == sorted(lines)
    assert "memory_limit = 1.5K" in lines
    assert "isolate = true" in lines
    assert not any(line.startswith("cwd") for line in lines)


def test_only_what_was_set(ctl) -> None:
    lines = ctl("get", "-r", "a").out.splitlines()
    assert "memory_limit = 1.5K" in lines
    assert not any(line.startswith("isolate") for line in lines)


def test_one_value_is_bare_and_several_are_raw(ctl) -> None:
    assert ctl("get", "a", "memory_limit").out == "1536\n"
    assert ctl("get", "a", "memory_limit", "cwd").out == "memory_limit = 1536\ncwd = \n"


def test_failing_properties_are_told_and_the_others_printed(ctl) -> None:
    ended = ctl("get", "a", "state", "nothing")
    assert ended.status == 1
    assert ended.out == "state = running\n"
    assert ended.err == "Cannot get nothing of a: InvalidProperty:(no property nothing)\n"


def test_missing_container_is_told_once(ctl) -> None:
    ended = ctl("get", "x")
    assert ended.status == 4
    assert ended.err.count("ContainerDoesNotExist") == 1


def test_several_containers_have_headers(ctl) -> None:
    assert ctl("get", "b", "a", "--", "state").out == "a:\nrunning\n\nb:\nstopped\n\n"
    assert ctl("get", "***", "--", "state", "weak").out.startswith(
        "a:\nstate = running\nweak = false\n\nb:\n"
    )


def test_flags_are_sent(ctl, fake) -> None:
    ctl("get", "-n", "-s", "a", "state")
    fields = fake.await_request("get")
    assert fields.nonblock
    assert fields.sync
    assert not fields.HasField("real")


@pytest.mark.parametrize("command", ["pget", "dget"])
def test_raw_values(ctl, command: str) -> None:
    assert ctl(command, "a", "memory_limit", "state").out == "1536\nrunning\n"
    assert ctl(command, "-k", "a", "state").out == "state = running\n"
    ended = ctl(command, "a", "nothing", "state")
    assert ended.status == 5
    assert ended.out == ""


def test_set_in_all_its_forms(ctl, fake) -> None:
    assert ctl("set", "a", "private", "two", "words").status == 0
    assert fake.containers["a"]["private"] == "two words"
    assert ctl("set", "a", "private=x=y", "cwd=/tmp").status == 0
    assert fake.containers["a"]["private"] == "x=y"
    assert fake.containers["a"]["cwd"] == "/tmp"
    assert ctl("set", "a", "private", "k=v").status == 0
    assert fake.containers["a"]["private"] == "k=v"
    assert ctl("set", "a", "private=").status == 0
    assert fake.containers["a"]["private"] == ""


def test_set_that_cannot_be(ctl) -> None:
    assert ctl("set", "a", "private").status == 1
    assert ctl("set", "a", "private=1", "cwd").status == 1
    ended = ctl("set", "a", "nothing=1")
    assert ended.status == 5
    assert ended.err == "Cannot set nothing of a: InvalidProperty:(no property nothing)\n"


def test_lists(ctl) -> None:
    assert "command" in ctl("plist").out
    lines = ctl("dlist").out.splitlines()
    assert lines == sorted(lines)
    assert not any(line.startswith("command") for line in lines)
