"""The watcher at work: with events made by the test, and with the kernel's own."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from porto.spec.errors import Busy
from porto.spec.sources import watch as module
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import DirectoryScanner, WatchedDirectory
from porto.spec.sources.files import Rules
from porto.spec.sources.removal_cap import FLOOR
from porto.spec.sources.watch import SourceWatcher
from porto.spec.sources.watch_set import WatchSet
from tests.unit.spec.sources.rig import Rig

WAIT_S = 20


class Events:
    """Events that the test makes."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[object] = asyncio.Queue()
        self.sets: list[WatchSet] = []
        self.closed = 0
        self.error: Exception | None = None

    async def __call__(self, watched: WatchSet) -> AsyncIterator[object]:
        self.sets.append(watched)
        if self.error is not None:
            raise self.error
        try:
            while True:
                item = await self.queue.get()
                if item is None:
                    return
                yield item
        finally:
            self.closed += 1


@asynccontextmanager
async def running(rig: Rig, **options: object) -> AsyncIterator[SourceWatcher]:
    """A watcher that runs; the engine follows each change of the store."""
    rig.watcher.close()
    options = {"settle_s": 0.0, "resync_s": 3600.0, **options}
    watcher = rig.watcher = rig.new_watcher(**options)
    task = asyncio.ensure_future(watcher.run())
    try:
        yield watcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(rig: Rig, condition: Callable[[], bool]) -> None:
    """Wait for a change of the store or a report after which `condition` holds."""
    changed = asyncio.Event()
    unsubscribe = rig.store.subscribe(lambda old, new: changed.set())
    report = rig.engine.report

    def reporting(problems):
        report(problems)
        changed.set()

    rig.engine.report = reporting
    try:
        while not condition():
            changed.clear()
            await asyncio.wait_for(changed.wait(), WAIT_S)
    finally:
        unsubscribe()
        rig.engine.report = report


def go(body: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(body(), 2 * WAIT_S))


def test_it_begins_with_a_pass_and_goes_on_with_each_event(rig):
    async def body() -> None:
        events = Events()
        rig.write("a.yaml", "name: a\n")
        async with running(rig, events=events):
            await until(rig, lambda: rig.names() == ["a"])
            rig.write("b.yaml", "name: b\n")
            events.queue.put_nowait("something")
            await until(rig, lambda: rig.names() == ["a", "b"])
        assert events.closed == len(events.sets)

    go(body)


def test_what_happened_before_the_watch_began_is_seen(rig):
    async def body() -> None:
        events = Events()

        def begun(watched: WatchSet) -> AsyncIterator[object]:
            rig.write("a.yaml", "name: a\n")
            return events(watched)

        async with running(rig, events=begun):
            await until(rig, lambda: rig.names() == ["a"])

    go(body)


def test_a_new_sub_directory_is_watched(rig):
    async def body() -> None:
        events = Events()
        async with running(rig, events=events):
            rig.write("sub/a.yaml", "name: a\n")
            events.queue.put_nowait("something")
            await until(rig, lambda: rig.names() == ["a"])
            rig.write("sub/b.yaml", "name: b\n")
            while len(events.sets) < 2:
                await asyncio.sleep(0)
            events.queue.put_nowait("something")
            await until(rig, lambda: rig.names() == ["a", "b"])
        assert os.path.realpath(rig.path("sub")) in events.sets[-1].folders

    go(body)


def test_unsettled_files_are_looked_at_again_without_an_event(rig):
    async def body() -> None:
        async with running(rig, events=Events(), settle_s=0.02):
            await until(rig, lambda: rig.names() == ["a"])

    rig.write("a.yaml", "name: a\n")
    go(body)


def test_the_resync_sees_what_no_event_told(rig):
    async def body() -> None:
        async with running(rig, events=Events(), resync_s=0.02):
            rig.write("a.yaml", "name: a\n")
            await until(rig, lambda: rig.names() == ["a"])

    go(body)


@pytest.mark.parametrize("error", [OSError(28, "no space for watches"), None])
def test_a_watch_that_fails_is_reported_and_the_resync_goes_on(rig, error):
    async def body() -> None:
        events = Events()
        events.error = error
        events.queue.put_nowait(None)
        async with running(rig, events=events, resync_s=0.02) as watcher:
            await until(rig, lambda: bool(watcher.problems()))
            (problem,) = watcher.problems()
            assert "cannot be watched, only looked at now and then" in problem.reason
            rig.write("a.yaml", "name: a\n")
            await until(rig, lambda: rig.names() == ["a"])
            events.error = None
            await until(rig, lambda: not watcher.problems())

    go(body)


def test_a_parent_that_appears_wakes_its_children(rig):
    async def body() -> None:
        rig.write("a.yaml", "name: p/a\n")
        async with running(rig, events=Events()) as watcher:
            await until(rig, lambda: bool(watcher.problems()))
            rig.api_create("p")
            await until(rig, lambda: rig.names() == ["p", "p/a"])
            await until(rig, lambda: not watcher.problems())

    go(body)


def test_a_container_comes_back_when_its_predecessor_is_gone(rig):
    async def body() -> None:
        events = Events()
        rig.write("a.yaml", "name: a\nprivate: old\n")
        async with running(rig, events=events) as watcher:
            await until(rig, lambda: rig.names() == ["a"])
            rig.remove("a.yaml")
            await watcher.sync()
            assert rig.record("a").intent.run == "absent"
            rig.write("a.yaml", "name: a\nprivate: new\n")
            await watcher.sync()
            rig.engine.settle()
            await until(rig, lambda: rig.names() == ["a"])
            assert rig.value("a", "private") == "new"

    go(body)


def test_what_is_destroyed_of_the_kept_is_not_reported_any_more(rig):
    async def body() -> None:
        names = [f"c{number}" for number in range(FLOOR)]
        for name in names:
            rig.write(f"{name}.yaml", f"name: {name}\n")
        async with running(rig, events=Events()) as watcher:
            await until(rig, lambda: rig.names() == names)
            for name in names:
                rig.remove(f"{name}.yaml")
            await watcher.sync()
            assert len(watcher.problems()) == 1
            for name in names:
                rig.api_destroy(name)
            await until(rig, lambda: not watcher.problems())

    go(body)


def test_a_cancelled_watcher_takes_no_notice_of_the_store(tmp_path):
    async def body() -> None:
        rig.write("a.yaml", "name: a\n")
        async with running(rig, events=Events()):
            await until(rig, lambda: rig.names() == ["a"])
        rig.api_destroy("a")
        rig.restart_daemon()
        await rig.watcher.sync()
        assert rig.names() == ["a"]

    rig = Rig(tmp_path, ledger=tmp_path / "ledger")
    go(body)


def test_what_a_user_destroys_is_made_anew_at_once_where_files_are_enforced(tmp_path):
    async def body():
        rig.write("a.yaml", "name: a\n")
        async with running(rig, events=Events()):
            await until(rig, lambda: rig.names() == ["a"])
            before = rig.record("a").id
            rig.api_destroy("a")
            await until(rig, lambda: rig.names() == ["a"])
            assert rig.record("a").id != before

    rig = Rig(tmp_path, WatchedDirectory(path=str(tmp_path / "specs"), enforce=True))
    go(body)


def test_the_fault_of_a_watch_names_the_first_directory():
    async def fault(watched: WatchSet, error: Exception | None, more: bool) -> Diagnostic | None:
        happened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if error is not None:
            happened.set_exception(error)
        else:
            happened.set_result(more)
        return module._watch_fault(happened, watched)

    def told(*answers: object) -> Diagnostic | None:
        return asyncio.run(fault(*answers))  # type: ignore[arg-type]

    both = WatchSet({"/a": None, "/b": frozenset({"c"})})
    reason = "cannot be watched, only looked at now and then: "
    assert told(both, OSError("no space"), False) == Diagnostic("/a", 0, "", f"{reason}no space")
    assert told(both, None, False) == Diagnostic("/a", 0, "", f"{reason}the watch ended")
    assert told(WatchSet({}), None, False) == Diagnostic("/", 0, "", f"{reason}the watch ended")
    assert told(both, None, True) is None


def test_what_is_asked_of_the_native_watch(monkeypatch):
    asked = []

    async def awatch(*folders, watch_filter, **options):
        names = [watch_filter(1, path) for path in ("/a/x", "/b/c", "/b/x")]
        asked.append((folders, names, options))
        yield {"something"}

    async def body() -> list[object]:
        watched = WatchSet({"/a": None, "/b": frozenset({"c"})})
        return [item async for item in module.native_events(watched)]

    monkeypatch.setattr(module.watchfiles, "awatch", awatch)
    assert asyncio.run(body()) == [{"something"}]
    assert asked == [
        (
            ("/a", "/b"),
            [True, True, False],
            {
                "debounce": 1000,
                "step": 200,
                "rust_timeout": 0,
                "recursive": False,
                "force_polling": False,
                "ignore_permission_denied": True,
            },
        )
    ]


def test_files_are_read_in_parts_and_only_settled_ones_by_the_watcher(rig, monkeypatch):
    monkeypatch.setattr(module, "READ_CHUNK", 2)
    for name in "abcde":
        rig.write(f"{name}.CT", "command = x\n")
    (scanner,) = rig.watcher._scanners
    look, read = scanner.look, scanner.read
    settle, parts = [], []

    def looking(*, settle_ns):
        settle.append(settle_ns)
        return look(settle_ns=settle_ns)

    def reading(seen, part):
        parts.append([os.path.basename(path) for path in part])
        read(seen, part)

    monkeypatch.setattr(scanner, "look", looking)
    monkeypatch.setattr(scanner, "read", reading)
    rig.sync()
    assert rig.names() == list("abcde")
    assert (settle, parts) == ([0], [["a.CT", "b.CT"], ["c.CT", "d.CT"], ["e.CT"]])

    rig.watcher._settle_s = 3.0

    async def body() -> None:
        task = asyncio.ensure_future(rig.watcher.run())
        while len(settle) < 2:
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    go(body)
    assert settle[1] == 3_000_000_000


def test_all_that_is_wrong_is_told_sorted_and_once(rig):
    rig.write("b.yaml", "name: [\n")
    rig.write("a.yaml", "- name: p/a\n- name: q/a\n")
    problems = rig.sync()
    assert [text.partition(": ")[0] for text in problems] == [
        "specs/a.yaml:1",
        "specs/a.yaml:2",
        "specs/b.yaml:2",
    ]
    assert rig.engine.reports == [tuple(rig.watcher.problems())]


def test_nothing_is_looked_at_while_nothing_happens(rig, monkeypatch):
    looks = []
    real = DirectoryScanner.look

    def look(scanner, *, settle_ns):
        looks.append(settle_ns)
        return real(scanner, settle_ns=settle_ns)

    async def body() -> None:
        async with running(rig, events=Events()):
            while len(looks) < 2:  # the second begins when it is known what to watch
                await asyncio.to_thread(len, looks)
            for _ in range(50):
                await asyncio.to_thread(len, looks)
            assert looks == [0, 0]

    monkeypatch.setattr(DirectoryScanner, "look", look)
    rig.write("a.yaml", "name: a\n")
    go(body)


def test_a_restart_that_fails_is_told_without_an_event(rig):
    async def body() -> None:
        async with running(rig, events=Events()) as watcher:
            rig.engine.error = Busy("it does not want to")
            await watcher.sync()
            await until(rig, lambda: bool(watcher.problems()))
            assert rig.problems() == ["specs/a.yaml:1: name: it does not want to"]

    rig.write("a.yaml", "name: a\ncommand: x\n")
    rig.sync()
    rig.write("a.yaml", "name: a\ncommand: y\n")
    go(body)


def test_the_rules_of_files_are_those_it_was_made_with(rig):
    rig.write("a.yaml", "name: a\n")
    rig.watcher.close()
    rig.watcher = rig.new_watcher(rules=Rules(max_bytes=3))
    assert rig.sync() == ["specs/a.yaml: it is larger (8 bytes) than the limit of 3 bytes"]


class TestNative:
    """With inotify. The watcher's step is made short, for the tests' sake."""

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch):
        monkeypatch.setattr(module, "STEP_MS", 5)
        monkeypatch.setattr(module, "DEBOUNCE_MS", 50)

    def test_files_that_come_change_and_go(self, rig):
        async def body() -> None:
            async with running(rig):
                rig.write("a.yaml", "name: a\n")
                await until(rig, lambda: rig.names() == ["a"])
                rig.write("a.yaml", "name: a\nprivate: x\n")
                await until(rig, lambda: rig.value("a", "private") == "x")
                rig.remove("a.yaml")
                await until(rig, lambda: rig.record("a").intent.run == "absent")

        go(body)

    def test_a_directory_that_appears_later(self, rig):
        async def body() -> None:
            async with running(rig):
                await asyncio.to_thread(os.rename, rig.root / "away", rig.root / "specs")
                await until(rig, lambda: rig.names() == ["a"])

        rig.write("a.yaml", "name: a\n")
        os.rename(rig.root / "specs", rig.root / "away")
        go(body)

    def test_a_directory_that_is_a_link_which_is_swapped(self, rig):
        async def body() -> None:
            async with running(rig):
                await until(rig, lambda: rig.names() == ["a"])
                (rig.root / "new").symlink_to("two")
                os.replace(rig.root / "new", rig.root / "specs")
                await until(rig, lambda: rig.value("a", "private") == "two")
                assert rig.engine.launched == []

        rig.write("a.yaml", "name: a\nprivate: one\nstart: false\n")
        os.rename(rig.root / "specs", rig.root / "one")
        (rig.root / "specs").symlink_to("one")
        rig.write("../two/a.yaml", "name: a\nprivate: two\nstart: false\n")
        go(body)

    def test_links_of_files_that_are_swapped_at_once(self, rig):
        async def body() -> None:
            async with running(rig):
                await until(rig, lambda: rig.names() == ["a", "b"])
                (rig.root / "specs/..new").symlink_to("..2")
                os.replace(rig.root / "specs/..new", rig.root / "specs/..data")
                await until(rig, lambda: rig.value("b", "private") == "2")
                assert rig.value("a", "private") == "2"

        for revision in "12":
            for name in "ab":
                text = f"name: {name}\nprivate: '{revision}'\n"
                rig.write(f"..{revision}/{name}.yaml", text)
        (rig.root / "specs/..data").symlink_to("..1")
        for name in "ab":
            (rig.root / f"specs/{name}.yaml").symlink_to(f"..data/{name}.yaml")
        go(body)

    def test_a_file_that_is_written_slowly_counts_when_it_is_whole(self, rig):
        path = rig.path("a.yaml")
        looks = threading.Semaphore(0)
        writing = True

        def now_ns() -> int:
            """While it is written the file is young, however slow this machine is."""
            looks.release()
            changed = os.stat(path).st_ctime_ns if os.path.exists(path) else 0
            return changed if writing else changed + 10**10

        async def body() -> None:
            nonlocal writing
            seen = []
            rig.store.subscribe(lambda old, new: seen.append(new))
            async with running(rig, settle_s=0.01, now_ns=now_ns):
                with open(path, "w") as file:
                    os.chmod(path, 0o644)
                    for part in ("name: a\n", "private: half", " and whole\n"):
                        file.write(part)
                        file.flush()
                        for _ in range(3):
                            assert await asyncio.to_thread(looks.acquire, timeout=WAIT_S)
                writing = False
                await until(rig, lambda: rig.names() == ["a"])
            assert {record.spec.lifecycle.private for record in seen} == {"half and whole"}

        go(body)

    def test_it_ends_at_once(self, rig):
        async def body() -> None:
            async with running(rig):
                rig.write("a.yaml", "name: a\n")
                await until(rig, lambda: rig.names() == ["a"])

        go(body)
