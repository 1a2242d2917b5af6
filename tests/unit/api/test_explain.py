"""Explain: value, default, who set it and since when, and what it comes to."""

from porto.observers.record_events import record_events
from porto.spec.errors import EError, NotSupported
from porto.spec.preview import Aspect, KernelChange, When
from porto.spec.records.status import Condition
from tests.fakes.api import ALICE, START, asynchronous, serving


async def explained(client, name, prop=""):
    return list((await client.ok("Explain", name=name, property=prop)).Explain.explanation)


@asynchronous
async def test_a_property_is_explained(tmp_path):
    async with serving(tmp_path) as api:
        api.store.subscribe(lambda old, new: api.history.extend(record_events(old, new)))
        client = await api.connect()
        await client.ok("create", name="a")
        api.time[0] += 5
        await client.set("a", "thread_limit", "9")
        api.time[0] += 5
        await client.set("a", "private", "x")
        api.foresight.knobs["a"] = [Aspect("pids", "pids.max", "9", "max")]
        api.foresight.kernel["a"] = [
            KernelChange("pids", "pids.max", "9", "", when=When.START),
            KernelChange("memory", "memory.max", "1", "2"),
        ]
        (found,) = await explained(client, "a", "thread_limit")
        assert (found.kind, found.name, found.property) == ("container", "a", "thread_limit")
        assert (found.value, found.origin, found.since) == ("9", "api", int(START) + 5)
        assert found.owner == "pids"
        (aspect,) = found.aspect
        assert (aspect.subject, aspect.want, aspect.have) == ("pids.max", "9", "max")
        assert found.next == "pids.max: absent -> 9"
        assert not found.error


@asynchronous
async def test_what_was_never_set_has_its_default_and_no_origin(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        (found,) = await explained(client, "a", "isolate")
        assert (found.value, found.default) == ("true", "true")
        assert not found.HasField("origin")
        assert not found.HasField("since")


@asynchronous
async def test_a_set_that_the_log_has_forgotten_has_no_time(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "thread_limit", "9")
        (found,) = await explained(client, "a", "thread_limit")
        assert found.origin == "api"
        assert not found.HasField("since")


@asynchronous
async def test_an_earlier_container_of_that_name_counts_no_more(tmp_path):
    async with serving(tmp_path) as api:
        api.store.subscribe(lambda old, new: api.history.extend(record_events(old, new)))
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "thread_limit", "9")
        await client.ok("destroy", name="a")
        api.time[0] += 60
        await client.ok("create", name="a")
        (found, *_) = await explained(client, "a")
        assert found.since == int(START) + 60


@asynchronous
async def test_the_whole_container(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE)
        await client.ok("create", name="a")
        await client.set("a", "thread_limit", "9")
        record = api.store.get("a")
        stuck = Condition("Stuck", "pids", "cannot set pids.max")
        status = record.status.changed(conditions=(stuck,), start_error="no cwd")
        api.store.put_status(record, status, now=2.0)
        api.foresight.steps["a"] = "start it"
        api.foresight.failures["a"] = NotSupported("no pids here")
        whole, *rest = await explained(client, "a")
        assert (whole.property, whole.value, whole.next) == ("", "stopped", "start it")
        assert whole.error == "no cwd; cannot set pids.max; no pids here"
        assert whole.since == int(START)
        found = {item.property: item for item in rest}
        assert list(found) == ["group", "owner_group", "owner_user", "thread_limit", "user"]
        assert found["thread_limit"].error == "cannot set pids.max"
        assert (found["user"].value, found["user"].origin) == ("alice", "creation")


@asynchronous
async def test_elements_and_readings(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "env", "A: 1; B: 2")
        (found,) = await explained(client, "a", "env[B]")
        assert (found.property, found.value, found.origin) == ("env[B]", "2", "api")
        (found,) = await explained(client, "a", "root_pid")
        assert "stopped" in found.error
        (found,) = await explained(client, "a", "state")
        assert (found.value, found.HasField("default")) == ("stopped", False)


@asynchronous
async def test_what_get_refuses_is_refused(tmp_path):
    async with serving(tmp_path) as api:
        root = await api.connect()
        for name in ("a", "other"):
            await root.ok("create", name=name)
        await root.set("a", "command", "sleep 1")
        await root.set("a", "enable_porto", "read-isolate")
        await root.ok("start", name="a")
        inside = await api.connect(container="a")
        assert await inside.error("Explain", name="/porto/other") == EError.Permission
        assert await root.error("Explain", name="/") == EError.InvalidValue
        assert await root.error("Explain", name="none") == EError.ContainerDoesNotExist
        assert await root.error("Explain", name="a", property="none") == EError.InvalidProperty
        (found,) = await explained(inside, "self", "enable_porto")
        assert (found.name, found.value) == ("self", "read-isolate")
