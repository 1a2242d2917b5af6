"""The life of containers through the API."""

import pytest
from structlog.testing import capture_logs

from porto.spec.containers.status import State
from porto.spec.errors import EError, InvalidCommand, Unknown
from porto.spec.records.record import Run
from tests.fakes.api import ALICE, START, asynchronous, serving


@asynchronous
async def test_whole_life(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        reply = await client.ok("create", name="a")
        assert reply.timestamp == int(START)
        assert await client.get("a", "state") == "stopped"
        await client.set("a", "command", "sleep 1")
        await client.ok("start", name="a")
        assert await client.get("a", "state") == "running"
        await client.ok("kill", name="a", sig=15)
        assert api.engine.signals == [("a", 15)]
        await client.ok("pause", name="a")
        assert await client.get("a", "state") == "paused"
        await client.ok("resume", name="a")
        api.engine.die("a", 3 << 8)
        assert await client.get("a", "exit_status") == str(3 << 8)
        await client.ok("Respawn", name="a")
        assert await client.get("a", "state") == "running"
        await client.ok("stop", name="a", timeout_ms=0)
        assert await client.get("a", "state") == "stopped"
        await client.ok("destroy", name="a")
        assert await client.error("destroy", name="a") is EError.ContainerDoesNotExist
        assert (await client.ok("list")).list.name == []


@asynchronous
async def test_start_takes_stopped_parents_along(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b", "a/b/c"):
            await client.ok("create", name=name)
        await client.ok("start", name="a/b/c")
        assert [api.state(n) for n in ("a", "a/b", "a/b/c")] == [State.META] * 3
        assert await client.error("start", name="a/b/c") is EError.InvalidState
        await client.ok("stop", name="a")
        assert api.state("a/b/c") is State.STOPPED


@asynchronous
async def test_failed_start_is_taken_back_and_can_be_repeated(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b"):
            await client.ok("create", name=name)
        api.engine.failures["a/b"] = InvalidCommand("cannot start a/b: no such program")
        reply = await client.call("start", name="a/b")
        assert reply.error == EError.InvalidCommand
        assert reply.errorMsg == "cannot start a/b: no such program"
        assert api.state("a") is State.META
        record = api.store.get("a/b")
        assert record.intent.run is Run.STOPPED
        assert await client.get("a/b", "start_error") == reply.errorMsg
        await client.ok("start", name="a/b")
        assert api.state("a/b") is State.META


@asynchronous
async def test_failed_parent_takes_the_whole_chain_back(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b"):
            await client.ok("create", name=name)
        api.engine.failures["a"] = Unknown("cannot start a: boom")
        assert await client.error("start", name="a/b") is EError.Unknown
        assert [api.store.get(n).intent.run for n in ("a", "a/b")] == [Run.STOPPED] * 2
        assert [api.state(n) for n in ("a", "a/b")] == [State.STOPPED] * 2
        await client.ok("start", name="a/b")


@asynchronous
async def test_what_fails_after_the_start_is_not_the_starts_failure(tmp_path, monkeypatch):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        plain = api.engine.converge

        async def converge(records):
            records = list(records)
            await plain(records)
            raise Unknown("cannot save the record of a: no memory")

        monkeypatch.setattr(api.engine, "converge", converge)
        await client.ok("start", name="a")
        assert api.state("a") is State.META


@asynchronous
async def test_start_undone_by_another_client(tmp_path):
    async with serving(tmp_path) as api:
        one, two = await api.connect(), await api.connect()
        await one.ok("create", name="a")
        api.engine.hold.clear()
        one.send(start={"name": "a"})
        await api.until(lambda: api.store.get("a").intent.run is Run.RUNNING)
        two.send(stop={"name": "a", "timeout_ms": 0})
        await api.until(lambda: api.store.get("a").intent.run is Run.STOPPED)
        api.engine.hold.set()
        assert (await one.receive()).error == EError.InvalidState
        assert (await two.receive()).error == EError.Success
        assert api.store.get("a").intent.run is Run.STOPPED


@asynchronous
async def test_failed_pause_is_taken_back_and_failed_stop_is_not(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.engine.failures["a"] = Unknown("cannot freeze a")
        assert await client.error("pause", name="a") is EError.Unknown
        assert not api.store.get("a").intent.paused
        api.engine.failures["a"] = Unknown("cannot stop a")
        assert await client.error("stop", name="a") is EError.Unknown
        assert api.store.get("a").intent.run is Run.STOPPED


@asynchronous
async def test_stop_timeout_becomes_a_deadline(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("stop", name="a")
        for fields, kill_at in (
            ({}, 130.0),
            ({"timeout_ms": 0}, 0.0),
            ({"timeout_ms": 500}, 100.5),
        ):
            await client.ok("start", name="a")
            await client.ok("stop", name="a", **fields)
            assert api.store.get("a").intent.kill_at == kill_at


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", EError.InvalidValue),
        ("/", EError.InvalidValue),
        ("/a", EError.InvalidValue),
        ("a//b", EError.InvalidValue),
        ("a/", EError.InvalidValue),
        ("self", EError.InvalidValue),
        (".", EError.InvalidValue),
        ("a/self", EError.InvalidValue),
        ("a/./b", EError.InvalidValue),
        ("..", EError.InvalidValue),
        ("a\n", EError.InvalidValue),
        ("a\x01b", EError.InvalidValue),
        ("ä", EError.InvalidValue),
        ("a b", EError.InvalidValue),
        ("x" * 129, EError.InvalidValue),
        ("/".join(["x" * 100] * 3), EError.InvalidValue),
        ("/".join("abcdefghijklmnopq"), EError.InvalidValue),
        ("nobody/x", EError.ContainerDoesNotExist),
        ("there", EError.ContainerAlreadyExists),
    ],
)
@asynchronous
async def test_bad_names(tmp_path, name, error):
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE)
        await client.ok("create", name="there")
        assert await client.error("create", name=name) is error
        assert api.store.names() == ["there"]


@asynchronous
async def test_dotted_names_are_resolved(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="/porto/a")
        await client.ok("create", name="a/x/../b")
        assert (await client.ok("list")).list.name == ["a", "a/b"]


@asynchronous
async def test_limit_of_containers(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE)
        for number in range(50):
            await client.ok("create", name=f"c{number}")
        assert await client.error("create", name="more") is EError.ResourceNotAvailable
        root = await api.connect()
        await root.ok("create", name="more")


@asynchronous
async def test_illegal_operations(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        for method in ("pause", "resume", "Respawn"):
            assert await client.error(method, name="a") is EError.InvalidState
        assert await client.error("kill", name="a", sig=9) is EError.InvalidState
        assert await client.error("kill", name="a", sig=65) is EError.InvalidValue
        assert await client.error("kill", name="a", sig=-1) is EError.InvalidValue
        for method in ("start", "stop", "pause", "resume", "destroy", "Respawn"):
            assert await client.error(method, name="/") is EError.Permission
            assert await client.error(method, name="b") is EError.ContainerDoesNotExist
        await client.ok("start", name="a")
        assert await client.error("kill", name="a", sig=9) is EError.InvalidState


@asynchronous
async def test_list_by_mask_and_time(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "b", "a/c", "a/d"):
            await client.ok("create", name=name)

        async def listed(**fields):
            return list((await client.ok("list", **fields)).list.name)

        assert await listed() == ["a", "a/c", "a/d", "b"]
        assert await listed(mask="***") == ["a", "a/c", "a/d", "b"]
        assert await listed(mask="*") == ["a", "b"]
        assert await listed(mask="a/*") == ["a/c", "a/d"]
        assert await listed(mask="a***") == ["a", "a/c", "a/d"]
        assert await listed(mask="***/d") == ["a/d"]
        assert await listed(mask="zzz") == []
        api.time[0] += 10
        await client.set("b", "private", "x")
        assert await listed(changed_since=int(START) + 5) == ["b"]
        await client.ok("destroy", name="b")
        assert await listed() == ["a", "a/c", "a/d"]


@asynchronous
async def test_long_masks_are_not_remembered(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE)
        for mask in ("a" * 1_000_000, "*" * 100_000 + "b", "a*"):
            assert (await client.ok("list", mask=mask)).list.name == []
        known = api.server.services.names.replies
        assert sum(len(namespace) + len(mask) for namespace, mask in known) < 10_000


@asynchronous
async def test_weak_containers_go_with_their_connection(tmp_path):
    async with serving(tmp_path) as api:
        watcher, client = await api.connect(), await api.connect()
        for name in ("gone", "kept", "started"):
            await client.ok("createWeak", name=name)
        await client.ok("create", name="gone/child")
        await client.ok("start", name="started")
        await watcher.set("kept", "weak", "false")
        await watcher.ok("create", name="other")
        await watcher.set("other", "weak", "true")
        await client.close()
        await api.until(lambda: len(api.store) == 2)
        assert (await watcher.ok("list")).list.name == ["kept", "other"]


@asynchronous
async def test_weak_container_below_a_paused_parent_goes_later(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.weak.RETRY_S", 0.001)
    async with serving(tmp_path) as api:
        watcher, client = await api.connect(), await api.connect()
        await watcher.ok("create", name="p")
        await client.ok("createWeak", name="p/w")
        await client.ok("start", name="p/w")
        await watcher.ok("pause", name="p")
        await client.close()
        await api.until(lambda: len(api.server.clients) == 1)
        assert api.state("p/w") is not None
        await watcher.ok("resume", name="p")
        await api.until(lambda: api.state("p/w") is None)


@asynchronous
async def test_a_weak_container_that_will_not_go_does_not_keep_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.weak.RETRY_S", 0.001)
    async with serving(tmp_path) as api:
        watcher, client = await api.connect(), await api.connect()
        await watcher.ok("create", name="p")
        for name in ("stuck", "p/w"):
            await client.ok("createWeak", name=name)
        await client.ok("start", name="p/w")
        await watcher.ok("pause", name="p")
        api.engine.failures["stuck"] = Unknown("cannot stop stuck")
        await client.close()
        await api.until(lambda: not api.engine.failures)
        await watcher.ok("resume", name="p")
        await api.until(lambda: api.state("p/w") is None)


@asynchronous
async def test_disconnect_does_not_undo_a_start(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        api.engine.hold.clear()
        client.send(start={"name": "a"})
        await api.until(lambda: api.store.get("a").intent.run is Run.RUNNING)
        await client.close()
        await api.until(lambda: len(api.server.clients) == 0)
        api.engine.hold.set()
        await api.until(lambda: api.state("a") is State.META)


@asynchronous
async def test_start_remembers_the_client(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE, pid=5555)
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        asker = api.store.get("a").intent.client
        assert asker is not None
        assert (asker.pid, asker.uid, asker.gid) == (5555, ALICE, ALICE)
        spec = api.store.get("a").spec
        assert (spec.process.user, spec.access.owner_user) == ("alice", "alice")


@asynchronous
async def test_error_of_the_engine_that_is_no_porto_error(tmp_path, monkeypatch):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")

        async def broken(records):
            raise RuntimeError("engine is broken")

        monkeypatch.setattr(api.engine, "converge", broken)
        with capture_logs() as logged:
            reply = await client.call("start", name="a")
        assert reply.error == EError.Unknown
        assert "engine is broken" in reply.errorMsg
        assert api.store.get("a").intent.run is Run.STOPPED
        await client.ok("version")
        # The log counts them, all alike.
        failed = [line["event"] for line in logged if line["log_level"] == "error"]
        assert failed == ["handler failed"]
