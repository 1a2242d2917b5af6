"""save and load over the daemon's own API: what was set comes back, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from porto.cli.portoctl.main import main
from porto.spec.containers.spec import PROPERTIES
from tests.fakes.api import ALICE, ROOT, FakeApi, asynchronous, serving

SETTINGS = {
    name: prop.prop.example
    for name, prop in PROPERTIES.items()
    if prop.facet and not prop.prop.read_only and name != "weak"
}

Run = Callable[..., Awaitable[int]]


@asynccontextmanager
async def portoctl(tmp_path: Path) -> AsyncIterator[tuple[FakeApi, Run]]:
    """The API and portoctl, which root calls."""
    async with serving(tmp_path) as api:

        async def run(*words: str) -> int:
            api.peers.append((6000, ROOT, ROOT))
            return await asyncio.to_thread(main, [f"--socket={api.path}", *words])

        yield api, run


@asynchronous
async def test_every_property_is_saved_and_loaded(tmp_path, capsys):
    async with portoctl(tmp_path) as (api, run):
        client = await api.connect()
        await client.ok("create", name="a")
        for name, value in SETTINGS.items():
            await client.set("a", name, value)
        first, second = tmp_path / "first", tmp_path / "second"
        assert await run("save", "-f", str(first), "a") == 0
        keys = [line.partition(" = ")[0] for line in first.read_text().splitlines()]
        hidden = {name for name in SETTINGS if PROPERTIES[name].prop.hidden}
        assert set(keys) - {"# escapes: full"} == {"name", *SETTINGS} - hidden
        assert await run("load", "-f", str(first), "b") == 0
        assert api.store.get("b").spec == api.store.get("a").spec
        assert await run("save", "-f", str(second), "b") == 0
        assert second.read_text() == first.read_text().replace("name = a\n", "name = b\n")


@pytest.mark.parametrize("value", [" a\tb ", "x\\ny", "one\ntwo\n\nthree", "ä = # ;", '"', ""])
@asynchronous
async def test_any_text_is_saved_and_loaded(tmp_path, value, capsys):
    async with portoctl(tmp_path) as (api, run):
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "private", value)
        path = str(tmp_path / "saved")
        assert await run("save", "-f", path, "a") == 0
        assert await run("load", "-f", path, "b") == 0
        assert await client.get("b", "private") == value.strip()


@asynchronous
async def test_what_nobody_has_set_is_not_saved(tmp_path, capsys):
    async with portoctl(tmp_path) as (api, run):
        client = await api.connect(ALICE)
        await client.ok("createWeak", name="a")
        await client.set("a", "respawn_count", "3")
        assert await run("save", "a") == 0
        assert capsys.readouterr().out == "name = a\ncommand = \n"
