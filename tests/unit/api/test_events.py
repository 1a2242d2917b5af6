"""Events: the log as clients see it."""

import asyncio

import pytest

from porto.spec.errors import EError
from porto.spec.events import Event, What
from tests.fakes.api import START, asynchronous, serving


def fill(api, *names):
    for name in names:
        api.history.add(Event("container", name, What.CREATED))


async def got(client, **fields):
    return (await client.ok("Events", **fields)).Events


@asynchronous
async def test_an_event_is_told_whole(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        api.history.add(
            Event("container", "a", What.REPAIR, "pids", "pids.max", "9", "8", "thread_limit")
        )
        answer = await got(client)
        (event,) = answer.event
        assert (event.serial, event.time_ms) == (1, int(START * 1000))
        assert (event.kind, event.name, event.what) == ("container", "a", "repair")
        assert (event.facet, event.subject) == ("pids", "pids.max")
        assert (event.want, event.have, event.text) == ("9", "8", "thread_limit")
        assert (answer.next, answer.more, answer.lost) == (1, False, 0)


@asynchronous
async def test_names_masks_and_the_newest(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, "a", "b", "a/c", "b", "a")
        serials = {
            (): [1, 2, 3, 4, 5],
            ("a",): [1, 5],
            ("/porto/a", "b"): [1, 2, 4, 5],
            ("a/*",): [3],
            ("a***",): [1, 3, 5],
        }
        for names, expected in serials.items():
            answer = await got(client, name=names)
            assert [event.serial for event in answer.event] == expected
            assert answer.next == 5
        answer = await got(client, last=2)
        assert [event.serial for event in answer.event] == [4, 5]
        answer = await got(client, after=3)
        assert [event.serial for event in answer.event] == [4, 5]


@asynchronous
async def test_many_events_come_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.handlers.events.EVENTS_MAX", 3)
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, *"abcdefg")
        after, seen = 0, []
        while True:
            answer = await got(client, after=after)
            seen.append([event.name for event in answer.event])
            after = answer.next
            if not answer.more:
                break
        assert seen == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
        assert [event.name for event in (await got(client, last=9)).event] == ["e", "f", "g"]


@asynchronous
async def test_following_waits_for_what_is_wanted(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, "a")
        client.send(Events={"after": 1, "name": ["a"], "timeout_ms": 60_000})
        await api.until(lambda: api.history._followers)
        fill(api, "b", "a")
        answer = (await client.receive()).Events
        assert [event.serial for event in answer.event] == [3]
        assert answer.next == 3
        assert not api.history._followers


@asynchronous
async def test_a_wait_ends(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, "a")
        answer = await got(client, after=1, timeout_ms=1)
        assert (len(answer.event), answer.next) == (0, 1)
        assert not api.history._followers


@asynchronous
async def test_who_hangs_up_waits_no_more(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        client.send(Events={"timeout_ms": 60_000})
        await api.until(lambda: api.history._followers)
        await client.close()
        await api.until(lambda: not api.history._followers)


@asynchronous
async def test_a_serial_from_the_future_begins_anew(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, "a")
        assert [event.serial for event in (await got(client, after=99)).event] == [1]


@asynchronous
async def test_a_contained_client_hears_of_its_own_part_only(tmp_path):
    async with serving(tmp_path) as api:
        root = await api.connect()
        await root.ok("create", name="a")
        await root.set("a", "command", "sleep 1")
        await root.set("a", "enable_porto", "read-isolate")
        await root.ok("start", name="a")
        inside = await api.connect(container="a")
        fill(api, "a", "a/b", "other", "a/b/c")
        assert [event.name for event in (await got(inside)).event] == ["b", "b/c"]
        assert [event.name for event in (await got(inside, name=["***"])).event] == ["b", "b/c"]
        assert [event.name for event in (await got(inside, name=["self"])).event] == ["/porto/a"]
        assert await inside.error("Events", name=["/porto/other"]) == EError.Permission
        inside.send(Events={"after": api.history.last, "timeout_ms": 60_000})
        await api.until(lambda: api.history._followers)
        fill(api, "other", "a/d")
        assert [event.name for event in (await inside.receive()).Events.event] == ["d"]


@asynchronous
async def test_what_is_lost_is_told(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, "x" * 40_000)
        assert (await got(client)).lost == 1


@pytest.mark.parametrize(
    "fields", [{"name": ["x"] * 1001}, {"name": ["*"] * 17}, {"timeout_ms": 60_001}]
)
@asynchronous
async def test_bounds(tmp_path, fields):
    async with serving(tmp_path) as api:
        client = await api.connect()
        assert await client.error("Events", **fields) == EError.InvalidValue


@asynchronous
async def test_a_long_log_lets_others_in_between(tmp_path, monkeypatch):
    monkeypatch.setattr("porto.api.slices.SLICE_S", 0.0)
    async with serving(tmp_path) as api:
        client = await api.connect()
        fill(api, *["a"] * 50)
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        await got(client)
        counting.cancel()
        assert turns > 50
