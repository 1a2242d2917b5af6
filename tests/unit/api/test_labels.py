"""Labels: find, set, increment."""

import pytest

from porto.spec.errors import EError
from tests.fakes.api import asynchronous, serving


@asynchronous
async def test_setting_and_reading(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b"):
            await client.ok("create", name=name)
        reply = await client.ok("SetLabel", name="a", label="AB.x", value="1")
        assert not reply.SetLabel.HasField("prev_value")
        assert reply.SetLabel.state == "stopped"
        reply = await client.ok("SetLabel", name="a", label="AB.x", value="2", prev_value="1")
        assert reply.SetLabel.prev_value == "1"
        assert await client.get("a", "AB.x") == "2"
        assert await client.get("a/b", ".AB.x") == "2"
        assert await client.get("a", "labels[AB.x]") == "2"
        error = await client.error("getProperty", name="a/b", property="AB.x")
        assert error is EError.LabelNotFound
        await client.set("a", "CD.y", "z")
        assert await client.get("a", "labels") == "AB.x: 2; CD.y: z"
        await client.ok("SetLabel", name="a", label="AB.x", value="")
        assert await client.get("a", "labels") == "CD.y: z"
        await client.set("a", "labels", "EF.z: 1; CD.y: 2")
        await client.set("a", "labels", "AB.x: 3")
        assert await client.get("a", "labels") == "AB.x: 3; CD.y: 2; EF.z: 1"


@pytest.mark.parametrize(
    ("fields", "error", "prev"),
    [
        ({"prev_value": "2"}, EError.Busy, "1"),
        ({"prev_value": ""}, EError.Busy, "1"),
        ({"state": "running"}, EError.InvalidState, "1"),
        ({"label": "AB.y", "prev_value": "1"}, EError.LabelNotFound, ""),
    ],
)
@asynchronous
async def test_conditions_carry_the_present_value(tmp_path, fields, error, prev):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("SetLabel", name="a", label="AB.x", value="1")
        reply = await client.call(
            "SetLabel", **{"name": "a", "label": "AB.x", "value": "9", **fields}
        )
        assert reply.error == error
        assert reply.SetLabel.prev_value == prev
        assert reply.SetLabel.state == "stopped"
        assert await client.get("a", "labels") == "AB.x: 1"


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("x", "1"),
        ("A.x", "1"),
        ("ab.x", "1"),
        ("PORTOX.x", "1"),
        ("A" * 17 + ".x", "1"),
        ("AB." + "x" * 126, "1"),
        ("AB.x", "a b"),
        ("AB.x", "x" * 65537),
        ("AB.x]", "1"),
        ("AB.[x", "1"),
    ],
)
@asynchronous
async def test_bad_labels(tmp_path, label, value):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        error = await client.error("SetLabel", name="a", label=label, value=value)
        assert error is EError.InvalidLabel
        assert api.store.get("a").spec.lifecycle.labels == ()


@asynchronous
async def test_at_most_a_hundred(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        for number in range(100):
            await client.ok("SetLabel", name="a", label=f"AB.x{number}", value="1")
        error = await client.error("SetLabel", name="a", label="AB.more", value="1")
        assert error is EError.ResourceNotAvailable


@asynchronous
async def test_counting(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")

        async def add(label="AB.n", **fields):
            reply = await client.call("IncLabel", name="a", label=label, **fields)
            return EError(reply.error), reply.IncLabel.result

        assert await add(add=0) == (EError.LabelNotFound, 0)
        assert await add() == (EError.Success, 1)
        assert await add(add=41) == (EError.Success, 42)
        assert await add(add=-50) == (EError.Success, -8)
        assert await add(add=-(1 << 63)) == (EError.InvalidValue, -8)
        await client.set("a", "AB.n", "nan")
        assert await add() == (EError.InvalidValue, 0)
        assert await add(label="x") == (EError.InvalidLabel, 0)


@asynchronous
async def test_what_is_found_is_bounded(tmp_path):
    async with serving(tmp_path, max_msg_len=5000) as api:
        client = await api.connect()
        for name in ("a", "b"):
            await client.ok("create", name=name)
            for number in range(3):
                await client.ok("SetLabel", name=name, label=f"AB.{number}", value="x" * 4000)
        assert len((await client.ok("FindLabel", label="***", mask="a")).FindLabel.list) == 3
        assert await client.error("FindLabel", label="***") is EError.ResourceNotAvailable
        await client.ok("version")


@asynchronous
async def test_finding_lets_others_in_between(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.handlers.labels.SLICE_S", 0.0)
    async with serving(tmp_path) as api:
        client, other = await api.connect(), await api.connect()
        for number in range(40):
            await client.ok("create", name=f"c{number}")
            await client.set(f"c{number}", "AB.x", "1")
        client.send(FindLabel={"label": "AB.*"})
        await api.until(lambda: any(item.busy for item in api.server.clients))
        await other.ok("destroy", name="c9")
        assert any(item.busy for item in api.server.clients)
        assert len((await client.receive()).FindLabel.list) == 39


@asynchronous
async def test_finding(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b", "c"):
            await client.ok("create", name=name)
        await client.set("a", "AB.x", "1")
        await client.set("a", "AB.y", "2")
        await client.set("c", "AB.x", "3")
        await client.ok("start", name="c")

        async def found(**fields):
            reply = await client.ok("FindLabel", **fields)
            return [(e.name, e.state, e.label, e.value) for e in reply.FindLabel.list]

        first, third = ("a", "stopped", "AB.x", "1"), ("c", "meta", "AB.x", "3")
        assert await found(label="AB.x") == [first, third]
        assert await found(label="AB.*", mask="a") == [first, ("a", "stopped", "AB.y", "2")]
        assert await found(label="AB.x", state="meta") == [third]
        assert await found(label="***", value="1") == [first]
        assert await found(label=".AB.x", mask="a/*") == [("a/b", "stopped", "AB.x", "1")]
        assert await found(label="CD.x") == []
