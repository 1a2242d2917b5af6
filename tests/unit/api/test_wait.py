"""Waiting and subscriptions."""

import signal

import pytest

from porto.spec.errors import EError
from tests.fakes.api import START, asynchronous, serving


async def running(client, *names):
    for name in names:
        await client.ok("create", name=name)
        await client.set(name, "command", "sleep 1")
        await client.ok("start", name=name)


async def waiting(api, count=1):
    await api.until(lambda: len(api.server.services.waits) == count)


@asynchronous
async def test_answers_at_once(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await running(client, "a", "b")
        await client.ok("create", name="m")
        await client.ok("start", name="m")
        for names, name, state in (
            (["m"], "m", "meta"),
            (["a", "/porto/m"], "/porto/m", "meta"),
            (["?"], "m", "meta"),
        ):
            reply = await client.ok("wait", name=names)
            assert (reply.wait.name, reply.wait.state) == (name, state)
            assert reply.wait.when == int(START)
            assert reply.HasField("timestamp")
        api.engine.die("b", 7 << 8)
        reply = await client.ok("wait", name=["a", "b"])
        assert (reply.wait.name, reply.wait.state) == ("b", "dead")
        assert (reply.wait.label, reply.wait.value) == ("exit_code", "7")


@asynchronous
async def test_errors(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await running(client, "a")
        assert await client.error("wait") is EError.InvalidValue
        reply = await client.call("wait", name=["a", "missing"])
        assert reply.error == EError.ContainerDoesNotExist
        assert reply.wait.name == "missing"
        assert await client.error("wait", name=["x"] * 10_001) is EError.ContainerDoesNotExist
        assert await client.error("wait", name=["*"] * 101) is EError.InvalidValue


@asynchronous
async def test_timeouts(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await running(client, "a")
        for timeout_ms in (0, 1):
            reply = await client.ok("wait", name=["a"], timeout_ms=timeout_ms)
            assert (reply.wait.name, reply.wait.state) == ("", "timeout")
        assert len(api.server.services.waits) == 0


@pytest.mark.parametrize(
    ("names", "end", "name", "state"),
    [
        (["a"], "die", "a", "dead"),
        (["b", "/porto/a"], "die", "a", "dead"),
        (["***"], "die", "a", "dead"),
        (["a"], "stop", "a", "stopped"),
        (["a"], "destroy", "a", "destroyed"),
    ],
)
@asynchronous
async def test_later_answers(tmp_path, names, end, name, state):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await running(other, "a", "b")
        client.send(wait={"name": names})
        await waiting(api)
        if end == "die":
            api.engine.die("a")
        else:
            await other.ok(end, name="a")
        reply = await client.receive()
        assert (reply.error, reply.errorMsg) == (EError.Success, "")
        assert (reply.wait.name, reply.wait.state) == (name, state)
        assert not reply.HasField("timestamp")
        assert len(api.server.services.waits) == 0


@asynchronous
async def test_a_meta_container_without_running_children(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await other.ok("create", name="m")
        await other.ok("create", name="m/n")
        await running(other, "m/n/a", "m/b")
        client.send(wait={"name": ["m"]})
        await waiting(api)
        api.engine.die("m/n/a")
        assert len(api.server.services.waits) == 1
        api.engine.die("m/b")
        reply = await client.receive()
        assert (reply.wait.name, reply.wait.state) == ("m", "meta")


@asynchronous
async def test_the_host_is_hollow_when_nothing_runs(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        assert (await client.ok("wait", name=["/"])).wait.name == "/"
        await running(other, "a")
        client.send(wait={"name": ["/"]})
        await waiting(api)
        api.engine.die("a")
        assert (await client.receive()).wait.name == "/"


@asynchronous
async def test_disconnect_ends_a_wait(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await running(other, "a")
        client.send(wait={"name": ["a"]})
        await waiting(api)
        await client.close()
        await waiting(api, 0)
        await other.ok("version")


@asynchronous
async def test_wait_for_labels(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await other.ok("create", name="a")
        client.send(wait={"name": ["a"], "label": ["AB.*"]})
        await waiting(api)
        await other.set("a", "CD.x", "1")
        assert len(api.server.services.waits) == 1
        await other.set("a", "AB.x", "2")
        reply = await client.receive()
        assert (reply.wait.label, reply.wait.value) == ("AB.x", "2")
        reply = await client.ok("wait", name=["a"], label=["AB.*"])
        assert (reply.wait.state, reply.wait.label) == ("stopped", "AB.x")


@asynchronous
async def test_subscription_hears_everything(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await running(other, "a")
        client.send(AsyncWait={"name": ["***"]})
        reply = await client.receive()
        assert reply.error == EError.Success
        assert reply.HasField("timestamp")
        assert not reply.HasField("AsyncWait")
        first = client.events.pop(0)
        assert (first.name, first.state) == ("a", "running")
        await other.ok("create", name="a/b")
        await other.ok("pause", name="a")
        await other.ok("resume", name="a")
        api.engine.die("a", signal.SIGKILL)
        await other.set("a", "AB.x", "1")
        await other.ok("destroy", name="a")
        heard = [await client.event() for _ in range(6)]
        assert [(e.name, e.state, e.label, e.value) for e in heard] == [
            ("a/b", "stopped", "", ""),
            ("a", "paused", "", ""),
            ("a", "running", "", ""),
            ("a", "dead", "exit_code", "-9"),
            ("a/b", "destroyed", "", ""),
            ("a", "destroyed", "", ""),
        ]
        await client.ok("AsyncWait")
        assert len(api.server.services.waits) == 0


@asynchronous
async def test_failed_start_and_oom_are_told(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await other.ok("create", name="a")
        await other.set("a", "command", "x")
        await client.ok("AsyncWait", name=["a", "unknown"])
        client.events.clear()
        other.send(start={"name": "a"})
        assert (await other.receive()).error == EError.Success
        api.engine.die("a", signal.SIGKILL, oom=True)
        assert [(await client.event()).state for _ in range(2)] == ["starting", "running"]
        event = await client.event()
        assert (event.label, event.value) == ("exit_code", "-99")
        await other.ok("stop", name="a")
        assert (await client.event()).state == "stopped"
        api.put("a", "starting")
        await client.event()
        record = api.store.get("a")
        failed = record.with_status(state="stopped", start_error="no such program").status
        api.store.put_status(record, failed, now=START)
        event = await client.event()
        assert (event.state, event.label, event.value) == (
            "stopped",
            "start_error",
            "no such program",
        )


@asynchronous
async def test_subscription_to_labels(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await other.ok("create", name="a")
        await other.set("a", "AB.x", "1")
        await client.ok("AsyncWait", name=["a"], label=["AB.*"])
        first = client.events.pop(0)
        assert (first.state, first.label, first.value) == ("stopped", "AB.x", "1")
        await other.set("a", "CD.x", "1")
        await other.set("a", "AB.y", "2")
        await other.ok("SetLabel", name="a", label="AB.x", value="")
        heard = [await client.event() for _ in range(2)]
        assert [(e.label, e.value) for e in heard] == [("AB.y", "2"), ("AB.x", "")]


@asynchronous
async def test_target_state_is_reported_once(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await running(other, "a")
        await client.ok("AsyncWait", name=["a"], target_state="dead")
        assert client.events == []
        await other.ok("pause", name="a")
        await other.ok("resume", name="a")
        api.engine.die("a")
        assert (await client.event()).state == "dead"
        assert len(api.server.services.waits) == 0
        await client.ok("AsyncWait", name=["a"], target_state="dead")
        assert client.events.pop().state == "dead"
        assert len(api.server.services.waits) == 0


@asynchronous
async def test_subscription_ends(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await running(other, "a", "b")
        await client.ok("AsyncWait", name=["a"], timeout_ms=1)
        client.events.clear()
        event = await client.event()
        assert (event.name, event.state) == ("", "timeout")
        assert len(api.server.services.waits) == 0
        fields = {"name": ["a", "c*"], "label": ["AB.*"], "target_state": "dead"}
        await client.ok("AsyncWait", **fields)
        await client.ok("AsyncWait", **{**fields, "timeout_ms": 100_000})
        for other_fields in (
            {},
            {**fields, "name": ["a"]},
            {**fields, "name": ["a", "d*"]},
            {**fields, "label": []},
            {**fields, "target_state": "stopped"},
        ):
            assert await client.error("StopAsyncWait", **other_fields) is EError.InvalidValue
        await client.ok("StopAsyncWait", **fields)
        assert await client.error("StopAsyncWait", **fields) is EError.InvalidValue
        await client.ok("AsyncWait", **fields)
        await client.close()
        await waiting(api, 0)


@asynchronous
async def test_names_as_a_client_inside_sees_them(tmp_path):
    async with serving(tmp_path) as api:
        setup = await api.connect()
        await setup.ok("create", name="box")
        await setup.set("box", "enable_porto", "isolate")
        await setup.ok("start", name="box")
        await running(setup, "box/a", "z")
        inside = await api.connect(container="box")
        await inside.ok("AsyncWait", name=["***", "self"])
        assert sorted(event.name for event in inside.events) == ["a", "self"]
        inside.events.clear()
        api.engine.die("z")
        api.engine.die("box/a")
        event = await inside.event()
        assert (event.name, event.state) == ("a", "dead")
        event = await inside.event()
        assert (event.name, event.state) == ("self", "meta")
        assert await inside.error("wait", name=["/porto/z"]) is EError.Permission
