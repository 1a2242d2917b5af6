"""wait: names, timeouts, events, restarts of the daemon."""

import threading

import pytest

from porto.cli.portoctl import remote


def test_the_name_that_is_ready(ctl, fake) -> None:
    fake.containers |= {"a": {"state": "running"}, "b": {"state": "dead"}}
    assert ctl("wait", "a", "b") == (0, "b\n", "")
    assert ctl("wait", "*").out == "b\n"


@pytest.mark.parametrize("words", [["-T", "0"], ["-T", "0.001"], ["-t", "0"]])
def test_timeout(ctl, fake, words) -> None:
    fake.containers["a"] = {"state": "running"}
    assert ctl("wait", *words, "a") == (0, "", "timeout\n")


def test_milliseconds_become_whole_seconds(ctl, fake) -> None:
    fake.containers["a"] = {"state": "dead"}
    ctl("wait", "-t", "1200", "a")
    assert 1900 <= fake.await_request("wait").timeout_ms <= 2000


def test_wrong_words(ctl) -> None:
    assert ctl("wait").status == 1
    assert ctl("wait", "-T", "soon", "a").status == 1
    assert ctl("wait", "none").status == 4


def test_a_restart_of_the_daemon_is_survived(ctl, fake, monkeypatch) -> None:
    monkeypatch.setattr(remote, "RECONNECT_INTERVAL_S", 0.001)
    fake.containers["a"] = {"state": "running"}

    def restart() -> None:
        fake.await_request("wait")
        fake.stop()
        fake.end("a")
        fake.listen()

    thread = threading.Thread(target=restart)
    thread.start()
    assert ctl("wait", "a").out == "a\n"
    thread.join()
    assert fake.names() == ["wait", "wait"]


def test_a_daemon_that_stays_away_is_told(ctl, fake, monkeypatch) -> None:
    monkeypatch.setattr(remote, "RECONNECT_INTERVAL_S", 0.001)
    monkeypatch.setattr(remote, "RECONNECT_LIMIT_S", 0.01)
    fake.stop()
    assert ctl("wait", "a").status == 503


def test_events(ctl, fake) -> None:
    fake.containers["a"] = {"state": "running"}

    def live() -> None:
        fake.await_request("AsyncWait")
        fake.end("a")
        fake.stop()

    thread = threading.Thread(target=live)
    thread.start()
    ended = ctl("wait", "-A")
    thread.join()
    assert ended.status == 502
    lines = [line.split(" ", 2)[2] for line in ended.out.splitlines()]
    assert lines == ["running\ta", "dead\ta"]


def test_first_event_of_a_state(ctl, fake) -> None:
    fake.containers["a"] = {"state": "running"}
    ended = ctl("wait", "-A", "-S", "running", "-T", "9", "-L", "X.*", "a")
    assert ended.status == 0
    assert len(ended.out.splitlines()) == 1
    fields = fake.await_request("AsyncWait")
    assert fields.target_state == "running"
    assert fields.timeout_ms == 9000
    assert list(fields.label) == ["X.*"]
