"""Diff: specifications against the kernel, of what the client sees."""

import dataclasses

import pytest

from porto.spec.errors import EError, NotSupported
from porto.spec.preview import KernelChange
from porto.spec.records.status import Condition
from tests.fakes.api import CAROL, asynchronous, serving

PIDS = KernelChange("pids", "pids.max", "9", "max")


async def named(client, *names):
    return list((await client.ok("Diff", name=names)).Diff.object)


@asynchronous
async def test_everything_is_compared_in_order(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect(CAROL)
        root = await api.connect()
        for name in ("b", "a", "a/c"):
            await root.ok("create", name=name)
        api.foresight.kernel["a/c"] = [PIDS]
        api.foresight.failures["b"] = NotSupported("cannot compare b: no pids")
        found = await named(client)
        assert [(plan.name, plan.action) for plan in found] == [
            ("a", "unchanged"),
            ("a/c", "unchanged"),
            ("b", "unchanged"),
        ]
        assert [item.subject for item in found[1].kernel] == ["pids.max"]
        assert found[2].error == "cannot compare b: no pids"
        assert [record.name for record in api.foresight.seen] == ["a", "a/c", "b"]
        assert all(record is api.store.find(record.name) for record in api.foresight.seen)


@asynchronous
async def test_names_and_masks_choose(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "b1", "b2"):
            await client.ok("create", name=name)
        assert [plan.name for plan in await named(client, "b*")] == ["b1", "b2"]
        assert [plan.name for plan in await named(client, "/porto/a", "b1")] == ["/porto/a", "b1"]
        assert await client.error("Diff", name=["none"]) == EError.ContainerDoesNotExist
        assert await client.error("Diff", name=["/"]) == EError.InvalidValue


@asynchronous
async def test_conditions_are_reasons(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        record = api.store.get("a")
        stuck = Condition("Stuck", "pids", "cannot set pids.max")
        status = dataclasses.replace(record.status, conditions=(stuck,))
        api.store.put_status(record, status, now=2.0)
        (plan,) = await named(client, "a")
        assert list(plan.reason) == ["cannot set pids.max"]


@asynchronous
async def test_a_contained_client_sees_its_own_part_only(tmp_path):
    async with serving(tmp_path) as api:
        root = await api.connect()
        for name in ("a", "a/b", "other"):
            await root.ok("create", name=name)
        await root.set("a", "command", "sleep 1")
        await root.set("a", "enable_porto", "read-isolate")
        await root.ok("start", name="a")
        inside = await api.connect(container="a")
        assert [plan.name for plan in await named(inside)] == ["b"]
        assert await inside.error("Diff", name=["/porto/other"]) == EError.Permission


@pytest.mark.parametrize("names", [["x"] * 10_001, ["*"] * 101])
@asynchronous
async def test_bounds(tmp_path, names):
    async with serving(tmp_path) as api:
        client = await api.connect()
        assert await client.error("Diff", name=names) == EError.InvalidValue
