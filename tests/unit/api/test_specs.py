"""Containers by specification."""

import pytest

from porto.api import proto_codec
from porto.spec.containers.spec import DEFAULT_SPEC, PROPERTIES
from porto.spec.containers.status import State
from porto.spec.errors import EError, InvalidCommand, ResourceNotAvailable
from porto.wire import rpc_pb2
from tests.fakes.api import ALICE, asynchronous, serving

FULL = {
    "name": "a",
    "command": "sleep 1",
    "env": {"var": [{"name": "A", "value": "1;2"}, {"name": "B", "unset": True}]},
    "ulimit": {
        "ulimit": [
            {"type": "nofile", "soft": 100, "hard": 200},
            {"type": "core", "unlimited": True},
        ]
    },
    "devices": {
        "device": [
            {"device": "/dev/full", "access": "r"},
            {"device": "/dev/null", "access": "rw", "path": "/dev/a", "mode": "0600"},
        ]
    },
    "labels": {"map": [{"key": "AB.x", "val": "1"}]},
    "private": "text",
    "isolate": False,
    "umask": 0o22,
    "thread_limit": 77,
    "max_respawns": -1,
    "respawn_delay": 5_000_000_000,
    "aging_time": 60,
    "stdout_limit": 4096,
    "enable_porto": "read-only",
}


@asynchronous
async def test_creation_sets_everything(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("CreateFromSpec", container=FULL)
        spec = api.store.get("a").spec
        assert spec.process.env == (("A", "1;2"), ("B", None))
        assert spec.process.ulimit == (("core", -1, -1), ("nofile", 100, 200))
        assert spec.lifecycle.labels == (("AB.x", "1"),)
        assert (spec.process.isolate, spec.process.umask) == (False, 0o22)
        assert (spec.pids.thread_limit, spec.lifecycle.respawn_delay) == (77, 5_000_000_000)
        assert spec.access.enable_porto == "read-only"
        assert api.state("a") is State.STOPPED


@asynchronous
async def test_what_is_created_is_what_is_listed(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("CreateFromSpec", container=FULL, start=True)
        reply = await client.ok("ListContainersBy", filters=[{"name": "a"}])
        (found,) = reply.ListContainersBy.containers
        expected = rpc_pb2.TContainerSpec(**FULL)
        for field, value in expected.ListFields():
            listed = getattr(found.spec, field.name)
            if field.name in ("env", "ulimit"):
                assert (
                    sorted(map(str, listed.ListFields()[0][1]))
                    == sorted(map(str, value.ListFields()[0][1]))
                    or field.name == "ulimit"
                )
            else:
                assert listed == value, field.name
        assert found.status.state == "running"
        assert found.status.absolute_name == "/porto/a"
        assert found.status.root_pid == 77
        assert not found.status.HasField("exit_code")
        assert found.spec.owner_cred.user == "root"
        assert found.spec.cwd == "/place/porto/a"
        assert found.spec.HasField("respawn_count")
        await client.ok("CreateFromSpec", container={**_copied(found.spec), "name": "b"})
        one, two = api.store.get("a").spec, api.store.get("b").spec
        for prop in proto_codec.SPEC_PROPERTIES:
            if prop.name not in ("cwd", "weak"):
                assert one.value(prop) == two.value(prop), prop.name


def _copied(spec):
    fields = {}
    for field, value in spec.ListFields():
        if field.name in proto_codec._CREDS or field.name in PROPERTIES:
            fields[field.name] = value
    return fields


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"thread_limit": 5, "virt_mode": "bad"}, EError.InvalidValue),
        ({"userns": True}, EError.InvalidProperty),
        ({"labels": {"map": [{"key": "x", "val": "1"}]}}, EError.InvalidLabel),
        ({"ulimit": {"ulimit": [{"type": "bad", "soft": 1}]}}, EError.InvalidValue),
        ({"env": {"var": [{"name": "A=B", "value": "1"}]}}, EError.InvalidValue),
        ({"owner_cred": {"user": "no such user"}}, EError.InvalidValue),
        ({"name": "x/y/z"}, EError.ContainerDoesNotExist),
        ({"name": "self"}, EError.InvalidValue),
    ],
)
@asynchronous
async def test_failed_creation_leaves_nothing(tmp_path, fields, error):
    async with serving(tmp_path) as api:
        client = await api.connect()
        assert await client.error("CreateFromSpec", container={"name": "a", **fields}) is error
        assert len(api.store) == 0


@asynchronous
async def test_failed_start_leaves_nothing(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        api.engine.failures["a"] = InvalidCommand("no such program")
        fields = {"container": {"name": "a", "command": "x"}, "start": True}
        assert await client.error("CreateFromSpec", **fields) is EError.InvalidCommand
        assert len(api.store) == 0
        await client.ok("CreateFromSpec", **fields)


@asynchronous
async def test_a_start_that_breaks_the_engine_leaves_nothing(tmp_path, monkeypatch):
    async with serving(tmp_path) as api:
        client = await api.connect()
        converge = api.engine.converge

        async def breaks_once(records):
            monkeypatch.setattr(api.engine, "converge", converge)
            raise RuntimeError("engine is broken")

        monkeypatch.setattr(api.engine, "converge", breaks_once)
        fields = {"container": {"name": "a", "command": "x"}, "start": True}
        reply = await client.call("CreateFromSpec", **fields)
        assert reply.error == EError.Unknown
        assert "engine is broken" in reply.errorMsg
        assert len(api.store) == 0


@asynchronous
async def test_weak_by_specification(tmp_path):
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        await client.ok("CreateFromSpec", container={"name": "a", "weak": True})
        await client.close()
        await api.until(lambda: len(api.store) == 0)
        assert await other.error("CreateFromSpec", container={"name": "b"}, volumes=[{}]) is (
            EError.NotSupported
        )


@asynchronous
async def test_update(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("CreateFromSpec", container=FULL)

        async def update(**fields):
            return await client.error("UpdateFromSpec", container={"name": "a", **fields})

        assert await update(thread_limit=5) is EError.Success
        spec = api.store.get("a").spec
        assert (spec.pids.thread_limit, spec.process.command) == (5, "sleep 1")
        added = {"map": [{"key": "CD.y", "val": "2"}], "merge": True}
        assert await update(labels=added) is EError.Success
        assert await client.get("a", "labels") == "AB.x: 1; CD.y: 2"
        assert await update(labels={"map": [{"key": "EF.z", "val": "3"}]}) is EError.Success
        assert await client.get("a", "labels") == "EF.z: 3"
        env = {"var": [{"name": "A", "value": "9"}], "merge": True}
        assert await update(env=env) is EError.Success
        assert api.store.get("a").spec.process.env == (("A", "9"), ("B", None))
        limit = {"ulimit": [{"type": "cpu", "soft": 1}], "merge": True}
        assert await update(ulimit=limit) is EError.Success
        assert [item[0] for item in api.store.get("a").spec.process.ulimit] == [
            "core",
            "cpu",
            "nofile",
        ]
        before = api.store.get("a").spec
        assert await update(private="new", virt_mode="bad") is EError.InvalidValue
        assert api.store.get("a").spec == before


@asynchronous
async def test_update_of_a_running_container_is_all_or_nothing(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("CreateFromSpec", container=FULL, start=True)
        fields = {"name": "a", "private": "new", "thread_limit": 5}
        api.engine.failures["a"] = ResourceNotAvailable("full")
        assert await client.error("UpdateFromSpec", container=fields) is (
            EError.ResourceNotAvailable
        )
        assert await client.get("a", "private") == "text"
        assert await client.get("a", "thread_limit") == "77"
        fields["command"] = "other"
        assert await client.error("UpdateFromSpec", container=fields) is EError.InvalidState
        assert await client.get("a", "private") == "text"


@asynchronous
async def test_listing_by_filters(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.handlers.listing.AT_ONCE", 2)
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b", "c"):
            await client.ok("create", name=name)
        await client.set("c", "AB.x", "1")

        async def listed(*filters, **options):
            reply = await client.ok("ListContainersBy", filters=filters, field_options=options)
            return reply.ListContainersBy.containers

        assert len(await listed()) == 0
        assert [c.spec.name for c in await listed({"name": "***"})] == ["/", "a", "a/b", "c"]
        assert [c.spec.name for c in await listed({"name": "a***"}, {"name": "c"})] == [
            "a", "a/b", "c",
        ]  # fmt: skip
        labels = {"map": [{"key": "AB.x", "val": "1"}]}
        assert [c.spec.name for c in await listed({"name": "***", "labels": labels})] == ["c"]
        found, missing = await listed({"name": "no"}, {"name": "c"}, properties=["state", "bad"])
        assert (missing.spec.name, missing.error.error) == ("no", EError.ContainerDoesNotExist)
        assert found.status.state == "stopped"
        assert not found.status.HasField("absolute_name")
        assert not found.spec.HasField("command")
        assert [error.error for error in found.status.error] == [EError.InvalidProperty]
        assert await client.error("ListContainersBy", filters=[{"name": "a"}] * 1001) is (
            EError.InvalidValue
        )


@asynchronous
async def test_listing_of_the_dead_and_the_failed(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("CreateFromSpec", container=FULL, start=True)
        api.engine.die("a", 256)
        await client.ok("create", name="f")
        api.engine.failures["f"] = InvalidCommand("no such program")
        await client.call("start", name="f")
        api.readers.texts["stdout"] = "\udcff out"
        reply = await client.ok(
            "ListContainersBy",
            filters=[{"name": "*"}],
            field_options={"properties": ["exit_status", "start_error", "stdout", "dead_time"]},
        )
        dead, failed = reply.ListContainersBy.containers[:2]
        assert dead.status.exit_status == 256
        assert dead.status.HasField("dead_time")
        assert dead.status.stdout == "\ufffd out"
        assert failed.status.start_error.error == EError.InvalidCommand
        assert failed.status.start_error.msg == "no such program"
        assert not failed.status.HasField("exit_status")


def test_every_settable_property_has_a_field_or_is_known_to_have_none():
    without = {p.name for p in PROPERTIES.values() if p.facet and not proto_codec.has_spec_field(p)}
    assert without == set()
    status = {
        p.name for p in PROPERTIES.values() if not p.facet and not proto_codec.has_status_field(p)
    }
    assert "state" not in status


def test_defaults_survive_the_message():
    spec = rpc_pb2.TContainerSpec(name="x")
    for prop in proto_codec.SPEC_PROPERTIES:
        value = DEFAULT_SPEC.value(prop)
        proto_codec.fill_spec(spec, prop, value, prop.codec.format(value))
    for name, text in proto_codec.changes(spec, lambda prop: prop.default):
        prop = PROPERTIES[name]
        if prop.name in ("user", "group", "owner_user", "owner_group"):
            continue
        assert prop.codec.parse(text) == prop.default, name


@asynchronous
async def test_rights_are_those_of_texts(tmp_path):
    async with serving(tmp_path) as api:
        root, client = await api.connect(), await api.connect(ALICE)
        await root.ok("create", name="a")
        assert await client.error("UpdateFromSpec", container={"name": "a"}) is EError.Permission
        reply = await client.call(
            "CreateFromSpec", container={"name": "b", "owner_cred": {"user": "root"}}
        )
        assert reply.error == EError.Permission
        assert api.store.names() == ["a"]
