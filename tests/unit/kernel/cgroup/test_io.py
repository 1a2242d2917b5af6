"""The io controllers of both versions: limits and weights to knobs, files to readings."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.meaning.io import IOPS_ENDLESS, UINT32_MAX, UINT64_MAX, DiskLimit
from porto.kernel.cgroup.probe import probe
from porto.kernel.cgroup.v1 import io as v1
from porto.kernel.cgroup.v2 import io as v2
from porto.kernel.host import totals
from porto.spec.containers.admission import unsupported
from tests.fakes.cgroupfs import COMOUNTED, SPLIT, FakeCgroups

Make = Callable[..., tuple[FakeCgroups, CgroupDriver]]
LIMITS = {
    "8:16": DiskLimit(read_bps=5, write_iops=7),
    "8:0": DiskLimit(write_bps=UINT64_MAX, read_iops=UINT32_MAX),
    "254:0": DiskLimit(1, 2, 3, 4),
}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    fakes = []

    def made(*hierarchies: str, knobs: dict[str, str | None] | None = None):
        fake = FakeCgroups(tmp_path, hierarchies or SPLIT)
        fakes.append(fake)
        for knob, text in (knobs or {}).items():
            path = tmp_path / knob
            path.unlink(missing_ok=True) if text is None else path.write_text(text)
        return fake, probe(mountinfo=str(fake.mountinfo), knobs=fake, members=fake)

    yield made
    for fake in fakes:
        fake.close()


def group(driver: CgroupDriver) -> Group:
    found = driver.locate("a", lambda name: driver.controllers)
    driver.create(found)
    return found


def put(found: Group, knob: str, text: str) -> None:
    Path(found.directories["blkio"], knob).write_text(text)


def test_limits_on_v1_are_four_knobs(make: Make) -> None:
    _, driver = make()
    assert driver.io.render_limits(LIMITS) == {
        v1.READ_BPS: "8:16 5\n254:0 1",
        v1.WRITE_BPS: "254:0 2",
        v1.READ_IOPS: "254:0 3",
        v1.WRITE_IOPS: "8:16 7\n254:0 4",
    }


def test_limits_on_v2_are_one_knob(make: Make) -> None:
    _, driver = make("v2")
    assert driver.io.render_limits(LIMITS) == {
        v2.MAX: "8:16 rbps=5 wiops=7\n254:0 rbps=2 wbps=2 riops=3 wiops=4"
    }


@pytest.mark.parametrize(
    ("knob", "text", "canonical"),
    [
        (v1.READ_BPS, "254:0 1\n8:16 5\n8:0 0\n", "8:16 5\n254:0 1"),
        (v1.WRITE_IOPS, "", ""),
        (v1.BFQ_WEIGHT, "100\n", "100"),
        (v2.MAX, "254:0 rbps=1 wbps=max riops=max wiops=3\n8:0 rbps=max\n", "254:0 rbps=1 wiops=3"),
        (v2.MAX, "\n", ""),
        (v2.WEIGHT, "default 100\n8:0 50\n", "100"),
        (v2.BFQ_WEIGHT, "8:0 50\ndefault 7\n", "7"),
        (v2.WEIGHT, "42\n", "42"),
    ],
)
def test_canonical(knob: str, text: str, canonical: str) -> None:
    assert {**v1.CANONICAL, **v2.CANONICAL}[knob](text) == canonical


def test_texts_on_v1_are_what_differs(make: Make) -> None:
    _, driver = make()
    texts = driver.io.texts(v1.READ_BPS, "8:0 1\n8:16 2\n254:0 3", "7:0 9\n8:0 1\n8:16 5")
    assert texts == ("7:0 0", "8:16 2", "254:0 3")
    assert driver.io.texts(v1.BFQ_WEIGHT, "5", "100") == ("5",)


def test_texts_on_v2_say_all_of_a_disk(make: Make) -> None:
    _, driver = make("v2")
    texts = driver.io.texts(v2.MAX, "8:0 rbps=1\n8:16 wiops=2", "7:0 rbps=9\n8:0 rbps=1 wbps=3")
    assert texts == (
        "7:0 rbps=max wbps=max riops=max wiops=max",
        "8:0 rbps=1 wbps=max riops=max wiops=max",
        "8:16 rbps=max wbps=max riops=max wiops=2",
    )


@pytest.mark.parametrize(
    ("policy", "weight", "cfq", "bfq"),
    [
        ("none", 1.0, "500", "100"),
        ("normal", 1.5, "750", "150"),
        ("rt", 1.0, "1000", "1000"),
        ("high", 100.0, "1000", "1000"),
        ("batch", 1.0, "10", "1"),
        ("idle", 0.01, "10", "1"),
        ("none", 0.01, "10", "1"),
    ],
)
def test_weights(make: Make, policy: str, weight: float, cfq: str, bfq: str) -> None:
    _, driver = make(knobs={"blkio/blkio.weight": "500\n"})
    assert driver.io.render_weight(policy, weight) == {v1.WEIGHT: cfq, v1.BFQ_WEIGHT: bfq}


def test_weights_on_v2(make: Make) -> None:
    _, driver = make("v2")
    assert driver.io.render_weight("none", 50.0) == {v2.WEIGHT: "5000", v2.BFQ_WEIGHT: "1000"}
    assert driver.io.render_weight("idle", 0.01) == {v2.WEIGHT: "1", v2.BFQ_WEIGHT: "1"}


def test_a_kernel_with_all_of_v1(make: Make) -> None:
    _, driver = make()
    assert set(driver.io.unsupported()) == {"io.fs", "io.times"}


def test_a_kernel_without_throttler_and_schedulers(make: Make) -> None:
    missing = [v1.READ_BPS, "blkio.bfq.io_serviced"]
    missing += [f"blkio.throttle.io_service_bytes{tail}" for tail in ("", "_recursive")]
    missing += [f"blkio.bfq.io_service_bytes{tail}" for tail in ("", "_recursive")]
    _, driver = make(knobs={f"blkio/{knob}": None for knob in missing})
    lacking = unsupported(driver.io.unsupported())
    assert lacking["io_limit"] == f"this kernel has no {v1.READ_BPS}"
    assert lacking["io_weight"] == "this kernel has neither blkio.weight nor blkio.bfq.weight"
    assert "blkio.throttle.io_service_bytes" in lacking["io_read"]
    assert driver.io.render_limits(LIMITS) == {}
    assert driver.io.render_weight("rt", 1.0) == {}


def test_a_host_without_the_controller(make: Make) -> None:
    _, driver = make(*COMOUNTED)
    reason = "this kernel offers no blkio controller"
    lacking = unsupported(driver.io.unsupported())
    assert lacking["io_limit"] == lacking["io_read"] == reason
    assert driver.io.uncounted(["8:0"]) == frozenset()


def test_a_kernel_with_limits_of_file_systems(make: Make) -> None:
    stat = "fs_io_bytes 70\nfs_io_write_bytes 20\nfs_io_operations 9\n"
    knobs = {"memory/memory.fs_bps_limit": "0\n", "memory/memory.stat": stat}
    _, driver = make(knobs=knobs)
    assert set(driver.io.unsupported()) == {"io.times"}
    assert driver.io.render_fs(7, 0) == {"memory.fs_bps_limit": "7", "memory.fs_iops_limit": "0"}
    found = group(driver)
    Path(found.directories["memory"], "memory.stat").write_text(stat)
    assert driver.io.filesystem(found) == (50, 20, 9)


def test_v2_has_no_such_limits(make: Make) -> None:
    _, driver = make("v2")
    assert set(driver.io.unsupported()) == {"io.fs", "io.times"}
    assert driver.io.render_fs(1, 1) == {}
    assert driver.io.filesystem(group(driver)) is None


ROWS = """\
254:0 Read 10
254:0 Write 0
254:0 Sync 10
254:0 Total 10
8:0 Read 0
8:0 Write 0
8:0 Total 0
8:16 Write 5
Total 15
"""


def test_readings_on_v1(make: Make) -> None:
    _, driver = make()
    found = group(driver)
    put(found, "blkio.throttle.io_service_bytes_recursive", ROWS)
    put(found, "blkio.throttle.io_serviced_recursive", "254:0 Read 3\nTotal 3\n")
    assert driver.io.transferred(found) == {"254:0": (10, 0), "8:16": (0, 5)}
    assert driver.io.operations(found) == {"254:0": (3, 0)}
    assert driver.io.service_time(found) == {}


def test_an_older_kernel_does_not_sum_up(make: Make) -> None:
    recursive = [f"blkio.throttle.{file}_recursive" for file in ("io_service_bytes", "io_serviced")]
    _, driver = make(knobs={f"blkio/{knob}": None for knob in recursive})
    parent = group(driver)
    child = driver.locate("a/b", lambda name: driver.controllers)
    driver.create(child)
    put(parent, "blkio.throttle.io_service_bytes", ROWS)
    put(child, "blkio.throttle.io_service_bytes", "254:0 Write 1\n254:0 Read 2\n")
    assert driver.io.transferred(parent) == {"254:0": (12, 1), "8:16": (0, 5)}


def test_cfq_tells_times(make: Make) -> None:
    _, driver = make(knobs={"blkio/blkio.io_service_time_recursive": "Total 0\n"})
    assert "io.times" not in driver.io.unsupported()
    found = group(driver)
    put(found, "blkio.io_service_time_recursive", "8:0 Read 7\n8:0 Write 1\n")
    assert driver.io.service_time(found) == {"8:0": (7, 1)}


def test_readings_on_v2(make: Make) -> None:
    _, driver = make("v2")
    found = group(driver)
    lines = (
        "254:0 rbytes=10 wbytes=0 rios=3 wios=0 dbytes=9 dios=1",
        "8:0 ",
        "7:0 7:1 8:32 rbytes=1 wbytes=2 rios=0",
        "8:16 rbytes=0 wbytes=0 rios=0 wios=0 dbytes=0 dios=1",
    )
    put(found, "io.stat", "\n".join(lines))
    put(found, "memory.stat", "anon 1\nfile_writeback 4096\n")
    assert driver.io.transferred(found) == {"254:0": (10, 0), "8:32": (1, 2)}
    assert driver.io.operations(found) == {"254:0": (3, 0)}
    assert driver.io.writeback(found) == 4096
    assert driver.io.uncounted(["8:0"]) == frozenset()


def test_disks_that_are_not_counted_yet(make: Make) -> None:
    _, driver = make(knobs={"blkio/blkio.throttle.io_serviced": "8:0 Read 0\nTotal 0\n"})
    assert driver.io.uncounted(["8:0", "8:16"]) == {"8:16"}
    found = group(driver)
    driver.io.start_counting(found, ["8:16"])
    assert Path(found.directories["blkio"], v1.READ_BPS).read_text() == ""


@pytest.fixture
def busy_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk 8:0 that has transferred something, and 7:0 that has not."""
    table = tmp_path / "diskstats"
    table.write_text("8 0 sda 9 0 72 5 4 0 32 3 0 6 8\n7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n")
    monkeypatch.setattr(totals, "DISKSTATS", str(table))


COUNTS = {
    "limited only": ("7:0 Read 0\n8:0 Read 0\n8:0 Write 0\nTotal 0\n", True),
    "all": ("8:0 Read 9\n8:0 Write 0\nTotal 9\n", False),
    "told of": ("7:0 Read 0\nTotal 0\n", False),
    "nothing yet": ("Total 0\n", False),
}


@pytest.mark.usefixtures("busy_disk")
@pytest.mark.parametrize("name", COUNTS)
def test_a_kernel_that_counts_only_what_is_limited_is_known(make: Make, name: str) -> None:
    text, limited_only = COUNTS[name]
    _, driver = make(knobs={f"blkio/{v1.SERVICED}": text})
    found = group(driver)
    put(found, v1.READ_IOPS, "")
    driver.io.start_counting(found, ["8:0"])
    written = Path(found.directories["blkio"], v1.READ_IOPS).read_text()
    assert (written.strip() == f"8:0 {IOPS_ENDLESS}") is limited_only
    assert driver.io.uncounted(["8:0"]) >= (frozenset(["8:0"]) if limited_only else frozenset())


@pytest.mark.usefixtures("busy_disk")
def test_what_is_limited_for_the_count_is_no_limit(make: Make) -> None:
    _, driver = make(knobs={f"blkio/{v1.SERVICED}": COUNTS["limited only"][0]})
    found = group(driver)
    put(found, v1.READ_IOPS, "8:0 7")
    put(found, v1.WRITE_IOPS, "")
    driver.io.start_counting(found, ["8:0"])
    assert Path(found.directories["blkio"], v1.READ_IOPS).read_text().strip() == "8:0 7"
    assert driver.canonical(v1.WRITE_IOPS, f"8:0 {IOPS_ENDLESS}") == ""
    assert driver.io.render_limits({"8:0": DiskLimit(read_iops=IOPS_ENDLESS)})[v1.READ_IOPS] == ""
    assert driver.io.texts(v1.READ_IOPS, "", "8:0 7") == (f"8:0 {IOPS_ENDLESS}",)
    assert driver.io.texts(v1.READ_BPS, "", "8:0 7") == ("8:0 0",)
