"""Broken connections: what is sent again, what is not, and what the caller learns."""

import socket
import threading
from contextlib import suppress

import pytest

import porto
from porto.exceptions import (
    ContainerDoesNotExist,
    SocketError,
    SocketTimeout,
    SocketUnavailable,
)


def test_a_change_that_may_have_been_made_is_not_sent_again(conn, fake) -> None:
    conn.Version()
    for fault in ("lost", "done-lost"):
        fake.requests.clear()
        fake.faults.append(fault)
        with pytest.raises(SocketError, match="closed the connection"):
            conn.Create(f"a-{fault}")
        assert fake.names().count("create") <= 1
    assert "a-done-lost" in conn.List()


def test_a_change_that_was_not_read_is_sent_again_once(conn, fake) -> None:
    conn.Version()
    fake.faults += ["unread", "unread"]
    conn.Create("a")
    assert fake.names().count("create") == 1
    assert "a" in fake.containers


@pytest.mark.parametrize("fault", ["lost", "done-lost", "unread"])
def test_reading_is_repeated(conn, fake, fault: str) -> None:
    fake.faults.append(fault)
    assert conn.Version() == ("1.2.3", "fake")
    assert conn.nr_connects() == 2


def test_a_stale_connection_is_replaced(conn, fake) -> None:
    conn.Create("a")
    fake.stop()
    fake.listen()
    # The daemon closed the old connection, so nothing can have been read from it.
    conn.Create("b")
    assert {"a", "b"} <= set(fake.containers)


def test_without_auto_reconnect_the_first_failure_is_told(fake) -> None:
    conn = porto.Connection(fake.socket, auto_reconnect=False, timeout=10)
    fake.faults.append("lost")
    with pytest.raises(SocketError):
        conn.Version()
    assert not conn.connected()
    assert conn.Version()
    conn.disconnect()


def test_nobody_listens(tmp_path) -> None:
    path = str(tmp_path / "none")
    conn = porto.Connection(path, timeout=0.01, reconnect_interval=0.001)
    with pytest.raises(SocketUnavailable, match=path):
        conn.Version()
    with pytest.raises(SocketUnavailable):
        conn.TryConnect()
    with pytest.raises(SocketUnavailable):
        porto.Connection(path, auto_reconnect=False).Create("a")


def test_a_daemon_that_comes_later_is_found(fake) -> None:
    fake.stop()
    attempts = threading.Semaphore(0)

    def attempt(*arguments: object) -> socket.socket:
        attempts.release()
        return socket.socket(*arguments)

    conn = porto.Connection(
        fake.socket, timeout=10, reconnect_interval=0.001, socket_constructor=attempt
    )
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(conn.Version()))
    thread.start()
    assert attempts.acquire(timeout=10)
    assert attempts.acquire(timeout=10)
    fake.listen()
    thread.join(10)
    assert found == [("1.2.3", "fake")]
    conn.disconnect()


def test_no_answer_in_time(fake) -> None:
    fake.faults.append("silent")
    conn = porto.Connection(fake.socket, timeout=0.1)
    with pytest.raises(SocketTimeout):
        conn.Create("a")
    # The late answer must not be taken for another request's.
    assert not conn.connected()
    fake.await_request("create")
    fake.faults.clear()
    conn.rpc.timeout = 20
    assert conn.List() == ["a"]
    conn.disconnect()


def test_a_wait_goes_on_after_a_restart(conn, fake) -> None:
    conn.Run("a", weak=False, command="sleep 1000")
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(conn.WaitContainers(["a"], timeout=10)))
    thread.start()
    fake.await_request("wait")
    fake.stop()
    fake.end("a")
    fake.listen()
    thread.join(10)
    assert found == ["a"]


def test_events_are_handed_over_before_the_call_returns(conn) -> None:
    events = []
    conn.AsyncWait(["a"], lambda name, state, when: events.append((name, state)))
    container = conn.Run("a", command="exit 0")
    assert events == [("a", "stopped"), ("a", "running"), ("a", "dead")]
    events.clear()
    container.Destroy()
    assert events == [("a", "destroyed")]


def test_events_of_the_moment_come_first_and_the_newest_callback_gets_them(conn) -> None:
    conn.Create("a")
    first, second = [], []
    conn.AsyncWait(["a"], lambda **event: first.append(event["state"]))
    assert first == ["stopped"]
    conn.AsyncWait(["a"], lambda **event: second.append(event["state"]))
    conn.Start("a")
    assert first == ["stopped"]
    assert second == ["stopped", "meta"]


def test_the_registration_survives_a_reconnect(conn, fake) -> None:
    events = []
    conn.AsyncWait(["***"], lambda **event: events.append(event["state"]))
    fake.stop()
    fake.listen()
    conn.Create("a")
    assert events == ["stopped"]
    assert fake.names().count("AsyncWait") == 2


def test_a_callback_may_use_the_connection(conn) -> None:
    seen = []
    conn.AsyncWait(["a"], lambda name, **event: seen.append(conn.GetProperty(name, "state")))
    conn.Create("a")
    assert seen == ["stopped"]


def test_threads_share_a_connection(conn) -> None:
    conn.Create("a")
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(20):
                assert conn.GetProperty("a", "state") == "stopped"
                with suppress(ContainerDoesNotExist):
                    conn.GetProperty(f"none{number}", "state")
                    raise AssertionError("answers were mixed up")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not failures
    assert conn.nr_connects() == 1


def test_a_lock_of_the_callers_making_is_used(fake) -> None:
    made = []

    class Lock:
        def __enter__(self) -> None:
            made.append(1)

        def __exit__(self, *exc: object) -> None:
            pass

    conn = porto.Connection(fake.socket, lock_constructor=Lock)
    conn.Version()
    assert made
    conn.disconnect()
