"""Devices in specifications: merged or replaced, in the order given."""

from porto.spec.codecs import DeviceItem
from porto.spec.errors import EError
from porto.wire import rpc_pb2
from tests.fakes.api import asynchronous, serving

FULL = {"device": "/dev/full", "access": "r"}
NULL = {"device": "/dev/null", "access": "rw", "path": "/dev/a", "mode": "0600", "user": "root"}


@asynchronous
async def test_a_list_replaces_and_a_merge_adds(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("CreateFromSpec", container={"name": "a", "devices": {"device": [FULL]}})
        assert api.store.get("a").spec.devices.devices == (DeviceItem("/dev/full", "r"),)
        other = {"device": [NULL, {"device": "/dev/full", "access": "w"}], "merge": True}
        await client.ok("UpdateFromSpec", container={"name": "a", "devices": other})
        made = DeviceItem("/dev/null", "rw", "/dev/a", 0o600, "root")
        assert api.store.get("a").spec.devices.devices == (made, DeviceItem("/dev/full", "w"))
        more = {"device": [{"device": "/dev/zero", "access": "r"}], "merge": True}
        await client.ok("UpdateFromSpec", container={"name": "a", "devices": more})
        assert [item.device for item in api.store.get("a").spec.devices.devices] == [
            "/dev/null",
            "/dev/full",
            "/dev/zero",
        ]
        await client.ok("UpdateFromSpec", container={"name": "a", "devices": {"device": [NULL]}})
        assert api.store.get("a").spec.devices.devices == (made,)


@asynchronous
async def test_a_list_is_told_as_it_was_given(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        given = {"device": [NULL, FULL]}
        await client.ok("CreateFromSpec", container={"name": "a", "devices": given})
        reply = await client.ok("ListContainersBy", filters=[{"name": "a"}])
        (found,) = reply.ListContainersBy.containers
        assert found.spec.devices == rpc_pb2.TContainerDevices(**given)


@asynchronous
async def test_a_bad_item_leaves_nothing(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for item in (
            {"device": "null", "access": "r"},
            {"device": "/dev/null", "access": "x"},
            {"device": "/dev/null", "access": "r", "user": "root"},
            {"device": "preset", "access": "gpu"},
        ):
            answer = await client.error(
                "CreateFromSpec", container={"name": "a", "devices": {"device": [item]}}
            )
            assert answer is EError.InvalidValue
        assert len(api.store) == 0
