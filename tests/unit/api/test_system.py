"""The daemon's own requests, processes, and what is not built in."""

import ast
from pathlib import Path

import pytest

import porto
from porto.api.counters import COUNTERS, UNCOUNTED
from porto.api.handlers.system import COUNTED
from porto.spec.config import Config
from porto.spec.containers.admission import Admission
from porto.spec.errors import EError
from porto.spec.host import Host
from porto.wire import rpc_pb2
from tests.fakes.api import ALICE, asynchronous, serving

COUNTING = ("add", "gauge", "count", "Count")
"""What is told the name of a statistic."""

GAUGES = (
    "porto_uptime",
    "master_uptime",
    "queued_statuses",
    "queued_events",
    "containers",
    "running",
    "clients",
    "requests_queued",
    "requests_top_running_time",
)
"""Numbers that the whole daemon shows beside them."""


@asynchronous
async def test_version(tmp_path):
    async with serving(tmp_path) as api:
        reply = await (await api.connect()).ok("version")
        assert (reply.version.tag, reply.version.revision) == ("1.2.3", "abc")


@asynchronous
async def test_get_system(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.error("create", name="a")
        api.counters.add("spawned", 3)
        system = (await client.ok("GetSystem")).GetSystem
        assert system.porto_version == "1.2.3"
        assert (system.container_count, system.container_created) == (1, 1)
        assert (system.client_count, system.client_max) == (1, 1000)
        assert (system.request_completed, system.request_failed) == (2, 1)
        assert system.porto_starts == 3
        assert not system.frozen


@asynchronous
async def test_requests_that_are_not_answered_yet_are_queued(tmp_path):
    async with serving(tmp_path) as api:
        watcher, creator, waiter = [await api.connect() for _ in range(3)]
        await creator.ok("create", name="a")
        api.engine.hold.clear()
        creator.send(start={"name": "a"})
        waiter.send(wait={"name": ["a"]})
        await api.until(lambda: sum(item.busy for item in api.server.clients) == 2)
        # The one who waits for the container is not in anybody's way.
        api.mono[0] += 7
        system = (await watcher.ok("GetSystem")).GetSystem
        assert (system.request_queued, system.request_top_running_time) == (1, 7)
        api.engine.hold.set()
        await api.until(lambda: not any(item.owing for item in api.server.clients))
        system = (await watcher.ok("GetSystem")).GetSystem
        assert (system.request_queued, system.request_top_running_time) == (0, 0)


def texts_in(nodes):
    return {
        item.value
        for node in nodes
        for item in ast.walk(node)
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }


def told_and_kept():
    """Texts that porto's modules tell to what counts, and those they keep under a name."""
    told, kept = set(), set()
    for path in Path(porto.__file__).parent.rglob("*.py"):
        if path.name in ("counters.py", "system.py") or "wire" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
        told |= texts_in(
            call.args[0]
            for call in calls
            if ast.unparse(call.func).rpartition(".")[2].strip("_") in COUNTING
        )
        kept |= texts_in(node.value for node in tree.body if isinstance(node, ast.Assign))
    return told, kept


def test_each_statistic_is_counted_or_has_a_reason():
    told, kept = told_and_kept()
    assert {*COUNTERS, *GAUGES} - told - kept == set()
    assert {*COUNTERS, *GAUGES, *told} & UNCOUNTED.keys() == set()
    assert all(UNCOUNTED.values())


@asynchronous
async def test_each_field_of_the_answer_shows_something(tmp_path):
    assert set(COUNTED.values()) <= {*COUNTERS, *GAUGES, *UNCOUNTED}
    async with serving(tmp_path) as api:
        system = (await (await api.connect()).ok("GetSystem")).GetSystem
        shown = {field.name for field, _ in system.ListFields()}
        assert set(system.DESCRIPTOR.fields_by_name) == shown


@asynchronous
async def test_a_refused_memory_guarantee_is_counted_apart(tmp_path):
    async with serving(tmp_path) as api:
        api.store.admission = Admission(Host(memory=1 << 30), Config())
        client = await api.connect()
        await client.ok("create", name="a")
        value = {"name": "a", "property": "memory_guarantee", "value": "2G"}
        assert await client.error("setProperty", **value) is EError.ResourceNotAvailable
        system = (await client.ok("GetSystem")).GetSystem
        assert (system.request_failed, system.fail_memory_guarantee) == (1, 1)


@asynchronous
async def test_set_system(tmp_path):
    async with serving(tmp_path) as api:
        client, heard = await api.connect(), []
        api.server.switches.listeners.append(lambda s: heard.append((s.verbose, s.debug)))
        await client.ok("SetSystem", debug=True)
        await client.ok("SetSystem", verbose=False)
        await client.ok("SetSystem", verbose=True)
        assert heard == [(True, True), (False, False), (True, False)]


@asynchronous
async def test_clear_statistics(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        api.counters.add("containers_oom", 5)
        api.counters.add("spawned", 1)
        await client.ok("ClearStatistics", stat="containers_oom")
        assert api.counters.snapshot()["containers_oom"] == 0
        for stat in ("spawned", "nonsense"):
            assert await client.error("ClearStatistics", stat=stat) is EError.InvalidValue
        await client.ok("ClearStatistics")
        assert api.counters.snapshot()["requests_failed"] == 0
        assert api.counters.snapshot()["spawned"] == 1


@asynchronous
async def test_locate_process(tmp_path, monkeypatch):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.containers[7000] = "a"
        api.server.services.comm_of = lambda pid: "sleep"

        async def located(pid, comm=""):
            reply = await client.call("locateProcess", pid=pid, comm=comm)
            return reply.locateProcess.name if not reply.error else EError(reply.error)

        assert await located(7000) == "a"
        assert await located(7000, "sleep") == "a"
        assert await located(7000, "other") is EError.InvalidValue
        assert await located(7001) == "/"
        assert await located(1) is EError.InvalidValue
        assert await located(0) is EError.InvalidValue
        api.server.services.host_pid = lambda caller, pid: 7000 if pid == 2 else None
        inside = await api.connect(container="a")
        reply = await inside.ok("locateProcess", pid=2, comm="")
        assert reply.locateProcess.name == "self"
        assert await inside.error("locateProcess", pid=3, comm="") is EError.InvalidValue


@asynchronous
async def test_convert_path(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        for source, destination in (("", ""), ("a", ""), ("self", "a")):
            reply = await client.ok(
                "convertPath", path="/x/y", source=source, destination=destination
            )
            assert reply.convertPath.path == "/x/y"
        assert (
            await client.error("convertPath", path="/x", source="b", destination="")
            is EError.ContainerDoesNotExist
        )


def required(kind):
    fields = {}
    for field in kind.fields:
        if field.is_required:
            if field.message_type is not None:
                fields[field.name] = required(field.message_type)
            else:
                fields[field.name] = "x" if field.type == field.TYPE_STRING else 1
    return fields


@pytest.mark.parametrize("number", [*range(104, 128), *range(303, 307)])
@asynchronous
async def test_volumes_are_refused_by_name(tmp_path, number):
    descriptor = rpc_pb2.TContainerRequest.DESCRIPTOR.fields_by_number.get(number)
    if descriptor is None:
        return
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE)
        reply = await client.call(descriptor.name, **required(descriptor.message_type))
        assert reply.error == EError.NotSupported
        assert descriptor.name in reply.errorMsg
        assert "not built in" in reply.errorMsg
        await client.ok("version")


@asynchronous
async def test_volume_properties_are_an_empty_list(tmp_path):
    async with serving(tmp_path) as api:
        reply = await (await api.connect()).ok("listVolumeProperties")
        assert reply.HasField("volumePropertyList")
        reply = await (await api.connect()).call("listVolumes")
        assert reply.HasField("volumeList")


@asynchronous
async def test_attaching_is_not_supported(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        for method in ("attachProcess", "AttachThread"):
            assert await client.error(method, name="a", pid=1, comm="") is EError.NotSupported
