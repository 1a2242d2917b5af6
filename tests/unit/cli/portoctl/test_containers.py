"""create, destroy, start, stop, restart, respawn, kill, pause, resume, gc."""

import signal

import pytest

from porto.cli.portoctl.containers import signal_number


def test_life_cycle(ctl, fake) -> None:
    assert ctl("create", "a", "b") == (0, "", "")
    assert ctl("set", "a", "command=sleep 1") == (0, "", "")
    assert ctl("start", "a") == (0, "", "")
    assert ctl("pause", "a").status == 0
    assert fake.containers["a"]["state"] == "paused"
    assert ctl("resume", "a").status == 0
    assert ctl("kill", "a").status == 0
    assert fake.containers["a"]["exit_status"] == "15"
    assert ctl("respawn", "a").status == 0
    assert ctl("restart", "a").status == 0
    assert fake.names()[-2:] == ["stop", "start"]
    assert ctl("destroy", "a", "b").status == 0
    assert list(fake.containers) == ["/"]


def test_names_are_worked_through_until_one_fails(ctl, fake) -> None:
    fake.containers["b"] = {"state": "stopped"}
    ended = ctl("create", "a", "b", "c")
    assert ended.status == 3
    assert ended.err == "Cannot create container b: ContainerAlreadyExists:(b exists)\n"
    assert "a" in fake.containers
    assert "c" not in fake.containers


def test_destroy_goes_on_and_returns_the_last_error(ctl, fake) -> None:
    fake.containers["b"] = {"state": "stopped"}
    ended = ctl("destroy", "a", "b")
    assert ended.status == 4
    assert "b" not in fake.containers


@pytest.mark.parametrize(
    ("words", "wanted"),
    [([], None), (["-T", "-1"], None), (["-T", "0"], 0), (["-T", "2.5"], 2500)],
)
def test_stop_timeouts(ctl, fake, words, wanted) -> None:
    fake.containers["a"] = {"state": "running"}
    assert ctl("stop", *words, "a").status == 0
    fields = fake.await_request("stop")
    assert (fields.timeout_ms if fields.HasField("timeout_ms") else None) == wanted


def test_stop_timeout_that_is_no_number(ctl) -> None:
    assert ctl("stop", "-T", "soon", "a").status == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9", 9),
        ("KILL", 9),
        ("SIGKILL", 9),
        ("sigterm", 15),
        ("SIGRTMIN", int(signal.SIGRTMIN)),
        ("0", None),
        ("65", None),
        ("SIGNONE", None),
        ("", None),
        ("SIG", None),
    ],
)
def test_signals(text: str, number: int | None) -> None:
    assert signal_number(text) == number


def test_kill_with_a_signal(ctl, fake) -> None:
    fake.containers["a"] = {"state": "running"}
    assert ctl("kill", "a", "SIGUSR1").status == 0
    assert fake.await_request("kill").sig == signal.SIGUSR1
    assert ctl("kill", "a", "nonsense") == (1, "", "Invalid signal: nonsense\n")
    assert ctl("kill", "a").status == 8


def test_gc_takes_the_dead_only(ctl, fake) -> None:
    for name, state in (("a", "dead"), ("b", "running"), ("c", "dead"), ("d", "stopped")):
        fake.containers[name] = {"state": state}
    assert ctl("gc") == (0, "", "")
    assert set(fake.containers) == {"/", "b", "d"}
