"""Properties as text: get, set, lists, the combined get."""

import pytest
from structlog.testing import capture_logs

from porto.spec.containers.spec import PROPERTIES
from porto.spec.containers.status import State
from porto.spec.errors import EError, ResourceNotAvailable
from porto.wire import rpc_pb2
from tests.fakes.api import ALICE, START, asynchronous, serving


@asynchronous
async def test_values_and_their_trimming(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "private", " \t\ntext with blanks \n")
        assert await client.get("a", "private") == "text with blanks"
        await client.set("a", "stdout_limit", "1.5K")
        assert await client.get("a", "stdout_limit") == "1536"
        await client.set("a", "env[A]", "1")
        assert await client.get("a", "env[A]") == "1"
        assert await client.get("a", "cwd") == "/place/porto/a"
        assert (await client.ok("getData", name="a", data="state")).getData.value == "stopped"


@pytest.mark.parametrize(
    ("prop", "value", "error"),
    [
        ("nonsense", "1", EError.InvalidProperty),
        ("", "1", EError.InvalidProperty),
        ("env[]", "1", EError.InvalidProperty),
        ("pids.max", "1", EError.InvalidProperty),
        ("state", "running", EError.InvalidValue),
        ("root_pid", "1", EError.InvalidValue),
        ("thread_limit", "12Q", EError.InvalidValue),
        ("private[x]", "1", EError.InvalidValue),
        ("private", "x" * 4097, EError.InvalidValue),
        ("env", "x" * (1 << 20) + "y", EError.InvalidValue),
        ("respawn", "yes", EError.Unknown),
        ("cpu.shares", "1", EError.InvalidProperty),
        ("labels[bad]", "1", EError.InvalidLabel),
        ("AB.x", "no blanks", EError.InvalidLabel),
    ],
)
@asynchronous
async def test_refused_values(tmp_path, prop, value, error):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        before = api.store.get("a")
        assert await client.error("setProperty", name="a", property=prop, value=value) is error
        assert api.store.get("a") is before


@asynchronous
async def test_the_error_names_everything(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        reply = await client.call("setProperty", name="a", property="thread_limit", value="12Q")
        assert reply.errorMsg == "cannot set thread_limit of a to '12Q': unknown unit Q"


@asynchronous
async def test_states_in_which_values_can_be_read_and_set(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")

        async def get_error(prop):
            return await client.error("getProperty", name="a", property=prop)

        async def set_error(prop, value):
            return await client.error("setProperty", name="a", property=prop, value=value)

        assert await get_error("root_pid") is EError.InvalidState
        assert await get_error("exit_code") is EError.InvalidState
        assert await get_error("pids.max") is EError.InvalidState
        await client.set("a", "command", "sleep 1")
        await client.ok("start", name="a")
        assert await client.get("a", "root_pid") == "77"
        assert await get_error("exit_code") is EError.InvalidState
        assert await client.get("a", "pids.max") == "max\n"
        assert await get_error("pids.nonsense") is EError.InvalidProperty
        assert await set_error("command", "x") is EError.InvalidState
        assert await set_error("thread_limit", "10") is EError.Success
        api.engine.die("a")
        assert await get_error("exit_status") is EError.Success
        assert await set_error("thread_limit", "10") is EError.InvalidState
        assert await set_error("private", "x") is EError.Success


@asynchronous
async def test_a_live_change_that_fails_is_put_back(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.engine.failures["a"] = ResourceNotAvailable("cannot set thread_limit of a to 5: full")
        reply = await client.call("setProperty", name="a", property="thread_limit", value="5")
        assert reply.error == EError.ResourceNotAvailable
        assert reply.errorMsg == "cannot set thread_limit of a to 5: full"
        record = api.store.get("a")
        assert not record.spec.is_set(PROPERTIES["thread_limit"])
        assert "thread_limit" not in record.origins
        assert record.status.life.state is State.META
        assert api.engine.passes[-1] == "a"
        await client.set("a", "thread_limit", "7")
        api.engine.failures["a"] = ResourceNotAvailable("full again")
        await client.call("setProperty", name="a", property="thread_limit", value="8")
        assert await client.get("a", "thread_limit") == "7"


@asynchronous
async def test_putting_back_spares_what_others_set_meanwhile(tmp_path):
    async with serving(tmp_path) as api:
        one, two = await api.connect(), await api.connect()
        await one.ok("create", name="a")
        await one.ok("start", name="a")
        api.engine.hold.clear()
        api.engine.failures["a"] = ResourceNotAvailable("full")
        one.send(setProperty={"name": "a", "property": "thread_limit", "value": "5"})
        await api.until(lambda: api.store.get("a").spec.pids.thread_limit == 5)
        await two.set("a", "private", "theirs")
        two.send(stop={"name": "a", "timeout_ms": 0})
        await api.until(lambda: api.store.get("a").intent.run == "stopped")
        api.engine.hold.set()
        assert (await one.receive()).error == EError.ResourceNotAvailable
        await two.receive()
        record = api.store.get("a")
        assert record.spec.pids.thread_limit is None
        assert record.spec.lifecycle.private == "theirs"
        assert record.intent.run == "stopped"


@asynchronous
async def test_a_stopped_container_needs_no_engine(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "thread_limit", "5")
        await client.ok("start", name="a")
        passes = len(api.engine.passes)
        await client.set("a", "private", "x")
        await client.set("a", "AB.x", "1")
        assert len(api.engine.passes) == passes


@asynchronous
async def test_the_host(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        assert await client.get("/", "state") == "meta"
        assert await client.get("/", "pids.max") == "root max\n"
        assert await client.get("self", "private") == "root private"
        assert await client.error("getProperty", name="/", property="no") is EError.InvalidProperty
        assert await client.error("getProperty", name="/", property="AB.x") is EError.LabelNotFound
        assert (
            await client.error("setProperty", name="/", property="private", value="x")
            is EError.Permission
        )


@asynchronous
async def test_real_tells_what_was_never_set(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        fields = {"name": "a", "property": "private"}
        assert await client.error("getProperty", **fields, real=True) is EError.NoValue
        await client.set("a", "private", "x")
        assert await client.error("getProperty", **fields, real=True) is EError.Success
        assert (
            await client.error("getProperty", name="a", property="state", real=True)
            is EError.Success
        )


@pytest.mark.parametrize("name", ["user", "group", "owner_user", "owner_group", "respawn_count"])
@asynchronous
async def test_real_tells_what_nobody_asked_for(tmp_path, name):
    async with serving(tmp_path) as api:
        client = await api.connect(ALICE)
        await client.ok("create", name="a")
        root = await api.connect()
        fields = {"name": "a", "property": name}
        assert await client.error("getProperty", **fields) is EError.Success
        assert await client.error("getProperty", **fields, real=True) is EError.NoValue
        await root.set("a", name, "0")
        # Zeroes of the counter are no setting either; the creator's own name is, if asked for.
        counts = name == "respawn_count"
        answer = EError.NoValue if counts else EError.Success
        assert await client.error("getProperty", **fields, real=True) is answer


@asynchronous
async def test_output_that_is_not_utf8_arrives_unchanged(tmp_path):
    raw = bytes(range(256))
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.readers.texts["stdout"] = raw.decode(errors="surrogateescape")
        client.send(getProperty={"name": "a", "property": "stdout"})
        assert raw in await client.read_frame()
        client.send(get={"name": ["a"], "variable": ["stdout"]})
        assert raw in await client.read_frame()


@asynchronous
async def test_a_broken_reader_does_not_end_the_server(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        api.readers.crash = "id"
        with capture_logs() as logged:
            reply = await client.call("getProperty", name="a", property="id")
        assert reply.error == EError.Unknown
        assert "broken reader" in reply.errorMsg
        assert [(line["log_level"], line["event"]) for line in logged] == [
            ("error", "handler failed")
        ]
        assert await client.get("a", "state") == "stopped"


@asynchronous
async def test_lists_of_properties(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        entries = (await client.ok("propertyList")).propertyList.list
        by_name = {entry.name: entry for entry in entries}
        assert set(by_name) == {p.name for p in PROPERTIES.values() if not p.prop.hidden}
        assert by_name["state"].read_only
        assert by_name["state"].desc.endswith(" (ro)")
        assert by_name["thread_limit"].dynamic
        assert by_name["thread_limit"].desc.endswith(" (dynamic)")
        assert not by_name["command"].dynamic
        data = {entry.name for entry in (await client.ok("dataList")).dataList.list}
        assert data == {entry.name for entry in entries if entry.read_only}


def values(entry):
    return {pair.variable: pair.value for pair in entry.keyval if pair.error == EError.Success}


def errors(entry):
    return {pair.variable: EError(pair.error) for pair in entry.keyval if pair.error}


@asynchronous
async def test_combined_get(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b", "c"):
            await client.ok("create", name=name)
        await client.set("c", "private", "mine")
        reply = await client.ok(
            "get",
            name=["c", "missing", "/", "*", "a/*"],
            variable=["state", "private", "nonsense", "root_pid", "cwd", "labels[AB.x]"],
        )
        entries = reply.get.list
        assert [entry.name for entry in entries] == ["c", "missing", "/", "a", "c", "a/b"]
        assert values(entries[0]) == {
            "state": "stopped",
            "private": "mine",
            "cwd": "/place/porto/c",
        }
        assert errors(entries[0]) == {
            "nonsense": EError.InvalidProperty,
            "root_pid": EError.InvalidState,
            "labels[AB.x]": EError.LabelNotFound,
        }
        assert set(errors(entries[1]).values()) == {EError.ContainerDoesNotExist}
        assert values(entries[2])["state"] == "meta"
        assert [pair.variable for pair in entries[3].keyval] == [
            "state", "private", "nonsense", "root_pid", "cwd", "labels[AB.x]",
        ]  # fmt: skip
        assert entries[0].change_time == int(START)


@asynchronous
async def test_get_says_the_same_as_get_property(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "b"):
            await client.ok("create", name=name)
        await client.set("b", "env", "A: 1; B")
        await client.set("b", "AB.x", "1")
        await client.ok("start", name="b")
        variables = [*PROPERTIES, "AB.x", "env[A]", "env[Z]", "x.y", "bad[", "bad[]", "private[1]"]
        for real in (False, True):
            reply = await client.ok("get", name=["a", "b"], variable=variables, real=real)
            for entry in reply.get.list:
                for pair in entry.keyval:
                    single = await client.call(
                        "getProperty", name=entry.name, property=pair.variable, real=real
                    )
                    assert pair.error == single.error, pair.variable
                    assert pair.value == single.getProperty.value
                    assert pair.errorMsg == single.errorMsg


@asynchronous
async def test_get_changed_since_and_without_variables(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        api.time[0] += 10
        await client.ok("create", name="b")
        since = int(START) + 5
        reply = await client.ok("get", name=["***"], variable=["state"], changed_since=since)
        old, new = reply.get.list
        assert (old.name, old.no_changes, len(old.keyval)) == ("a", True, 0)
        assert old.change_time == int(START)
        assert (new.name, new.no_changes) == ("b", False)
        assert values(new) == {"state": "stopped"}
        reply = await client.ok("get", name=["a"])
        assert [len(entry.keyval) for entry in reply.get.list] == [0]
        assert len((await client.ok("get", variable=["state"])).get.list) == 0


@asynchronous
async def test_a_large_get_lets_others_in_and_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.handlers.get.AT_ONCE", 10)
    monkeypatch.setattr("porto.api.slices.SLICE_S", 0.0)
    async with serving(tmp_path, max_msg_len=2000) as api:
        client, other = await api.connect(), await api.connect()
        for number in range(20):
            await client.ok("create", name=f"c{number:02}")
        client.send(get={"name": ["***"], "variable": ["state"]})
        other.send(destroy={"name": "c19"})
        assert (await other.receive()).error == EError.Success
        reply = await client.receive()
        names = [entry.name for entry in reply.get.list]
        assert names[:19] == [f"c{number:02}" for number in range(19)]
        many = [name for name in PROPERTIES if len(name) < 12]
        assert await client.error("get", name=["***"], variable=many) is EError.ResourceNotAvailable


@asynchronous
async def test_too_many_names(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        assert await client.error("get", name=["a"] * 100_001) is EError.InvalidValue
        assert await client.error("get", name=["a"], variable=["x"] * 10_001) is EError.InvalidValue


def test_replies_are_what_the_library_would_encode():
    from porto.api import replies

    answer = rpc_pb2.TContainerResponse(error=0, errorMsg="", timestamp=5)
    answer.getProperty.value = "x" * 200
    ours = replies.SUCCESS + replies.value_answer("getProperty", "x" * 200) + replies.timestamp(5)
    assert rpc_pb2.TContainerResponse.FromString(ours) == answer
    assert ours == answer.SerializeToString(deterministic=True)
