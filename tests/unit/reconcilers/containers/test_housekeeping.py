"""Which output files are looked at, and how often."""

from pathlib import Path

from porto.kernel.file import files
from porto.reconcilers.containers.housekeeping import SKIP_MAX, Housekeeping
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore


class Containers:
    """Records what is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rotated: list[str] = []

    def output_files(self, record: ContainerRecord) -> tuple[str, ...]:
        return (str(self.path / record.name),)

    def rotate(self, record: ContainerRecord) -> None:
        self.rotated.append(record.name)


def make(tmp_path: Path) -> tuple[ContainerStore, Containers, Housekeeping]:
    store = ContainerStore(None)
    spec = DEFAULT_SPEC.with_value(find_property("stdout_limit"), 8192)
    record = store.create("a", spec, now=0.0, origins={})
    store.put_status(record, record.with_status(state=State.RUNNING).status, now=1.0)
    containers = Containers(tmp_path)
    return store, containers, Housekeeping(store, containers, files)  # type: ignore[arg-type]


def test_a_file_over_its_limit_is_rotated_at_the_next_tick(tmp_path: Path) -> None:
    _, containers, housekeeping = make(tmp_path)
    (tmp_path / "a").write_bytes(b"x" * 100)
    housekeeping.tick()
    assert containers.rotated == []
    (tmp_path / "a").write_bytes(b"x" * 65536)
    for _ in range(SKIP_MAX + 1):
        housekeeping.tick()
    assert containers.rotated


def test_a_growing_file_is_looked_at_every_tick(tmp_path: Path) -> None:
    _, containers, housekeeping = make(tmp_path)
    for turn in range(1, 6):
        (tmp_path / "a").write_bytes(b"x" * 65536 * turn)
        housekeeping.tick()
    assert containers.rotated == ["a"] * 5


def test_a_silent_container_that_starts_to_write_is_noticed(tmp_path: Path) -> None:
    _, containers, housekeeping = make(tmp_path)
    (tmp_path / "a").write_bytes(b"")
    for _ in range(50):
        housekeeping.tick()
    (tmp_path / "a").write_bytes(b"x" * 65536)
    for _ in range(SKIP_MAX + 1):
        housekeeping.tick()
    assert containers.rotated


def test_what_could_not_be_cut_at_the_death_is_cut_later(tmp_path: Path) -> None:
    store, containers, housekeeping = make(tmp_path)
    (tmp_path / "a").write_bytes(b"x" * 65536)
    record = store.get("a")
    store.put_status(record, record.with_status(state=State.DEAD).status, now=2.0)
    housekeeping.tick()
    assert containers.rotated == ["a"]


def test_a_container_without_files_and_a_gone_one_cost_nothing(tmp_path: Path) -> None:
    store, containers, housekeeping = make(tmp_path)
    housekeeping.tick()
    store.delete(store.get("a"))
    housekeeping.tick()
    assert containers.rotated == []
    assert housekeeping._output == {}
