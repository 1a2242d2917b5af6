"""Replies are bounded: anybody may ask for kept output, any number of times."""

import pytest

from porto.spec.errors import EError
from tests.fakes.api import asynchronous, serving

LIMIT = 4 * 10_000
TEXT = "x" * 9000


@pytest.mark.parametrize(
    "asked",
    [
        {"name": ["a"], "variable": ["stdout"] * 5},
        {"name": ["a"] * 5, "variable": ["stdout"]},
        {"name": ["a"], "variable": ["stdout[0:9000]", "state"] * 5},
        {"name": ["a", "***"] * 3, "variable": ["stdout"]},
    ],
)
@asynchronous
async def test_a_get_of_too_much(tmp_path, asked):
    async with serving(tmp_path, max_msg_len=LIMIT // 4) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.readers.texts["stdout"] = TEXT
        assert await client.error("get", **asked) is EError.ResourceNotAvailable
        reply = await client.ok("get", name=["a"], variable=["stdout"] * 4)
        assert [pair.value for pair in reply.get.list[0].keyval] == [TEXT] * 4


@asynchronous
async def test_one_container_is_read_no_further_than_the_limit(tmp_path):
    async with serving(tmp_path, max_msg_len=LIMIT // 4) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.readers.texts["stdout"] = TEXT
        reads = []
        real = api.readers.read

        def counted(*arguments):
            reads.append(arguments)
            return real(*arguments)

        api.readers.read = counted
        code = await client.error("get", name=["a"], variable=["stdout"] * 50)
        assert code is EError.ResourceNotAvailable
        assert len(reads) == 5


@asynchronous
async def test_a_listing_of_too_much(tmp_path):
    async with serving(tmp_path, max_msg_len=LIMIT // 4) as api:
        client = await api.connect()
        for number in range(5):
            await client.ok("create", name=f"c{number}")
            await client.ok("start", name=f"c{number}")
        api.readers.texts["stdout"] = TEXT
        options = {"properties": ["stdout"]}
        filters = [{"name": "c*"}]
        code = await client.error("ListContainersBy", filters=filters, field_options=options)
        assert code is EError.ResourceNotAvailable
        await client.ok("destroy", name="c4")
        reply = await client.ok("ListContainersBy", filters=filters, field_options=options)
        assert len(reply.ListContainersBy.containers) == 4
