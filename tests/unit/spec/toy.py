"""A kind in a page: what an author of a new kind writes, and a daemon of it to be killed.

A toy is a file of `size` bytes in a directory that stands for the kernel.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from porto.reconcilers.engine.triggers import Watch
from porto.spec.catalog import Catalog
from porto.spec.codecs import Size, Word
from porto.spec.containers.sources import ContainerOperations
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import DeviceNotFound, InvalidLabel, InvalidValue
from porto.spec.facets import Spec, facets_of
from porto.spec.key import Key
from porto.spec.kind import Kind
from porto.spec.prop import Facet, Prop, collect
from porto.spec.records.record import Intent, Record, Run, check_enforced
from porto.spec.records.status import Condition, Part, Status
from porto.spec.sources.dialect import Dialect
from porto.spec.sources.directory import WatchedDirectory
from porto.spec.sources.operations import Operations
from porto.spec.sources.watch import SourceWatcher
from porto.spec.store import Store


class ToyFields(Facet):
    """What a toy should be."""

    size: Annotated[int, Size(), Prop(owner="toy", dynamic=True, example="4K")] = 0
    """Bytes of the toy."""

    colour: Annotated[str, Word("red", "blue"), Prop(owner="toy", example="red")] = "red"
    """Its colour."""


class ToySpec(Spec):
    """The desired state of a toy."""

    toy: ToyFields = ToyFields()


@dataclass(frozen=True, slots=True)
class ToyNotes(Part):
    """What a pass has made."""

    made: int = -1


@dataclass(frozen=True, slots=True)
class ToyStatus(Status):
    """The status of a toy."""

    toy: ToyNotes = field(default=ToyNotes())


@dataclass(frozen=True, slots=True)
class ToyRecord(Record):
    """A toy."""

    kind: ClassVar[str] = "toy"

    spec: ToySpec
    intent: Intent = field(default=Intent(run=Run.RUNNING))
    status: ToyStatus = field(default=ToyStatus())


def validate_name(name: str) -> None:
    """Toys have names of small letters."""
    if not (name.isascii() and name.isalpha() and name.islower()):
        raise InvalidValue(f"cannot create toy {name!r}: only a-z are allowed")


TOY = Kind(
    noun="toy",
    plural="toys",
    record=ToyRecord,
    default_spec=ToySpec(),
    properties=collect(facets_of(ToySpec), ()),
    validate_name=validate_name,
    max_id=99,
    directory=lambda config: Path(config.paths.store) / "toys",
    max_total=lambda config: 3,
    exists=InvalidLabel,
    missing=DeviceNotFound,
    state=lambda record: "ready" if record.status.toy.made >= 0 else "new",
)
DIALECT = Dialect(kind=TOY)


def set_property(store: Store[ToyRecord], name: str, prop: str, text: str) -> ToyRecord:
    """What an API's handler does."""
    record, found = store.get(name, "set a property of"), TOY.properties[prop]
    check_enforced(record, prop, "api")
    spec = record.spec.with_value(found, found.parse(name, text))
    origins = {**record.origins, prop: "api"}
    return store.put(replace(record, spec=spec, origins=origins), now=2.0)


def make_true(store: Store[ToyRecord], key: Key, world: Path) -> None:
    """One pass: observe, compare, change, write down."""
    record = store.find_id(key.id)
    if record is None:
        return
    path, want = world / str(record.id), record.spec.toy.size
    if record.intent.run is Run.ABSENT:
        path.unlink(missing_ok=True)
        store.delete(record)
        return
    if not path.exists() or path.stat().st_size != want:
        path.write_bytes(bytes(want))
    told = () if record.spec.toy.colour == "red" else (Condition("Stuck", "toy", "no paint"),)
    noted = {"made": want, "conditions": told, "observed_generation": record.generation}
    store.put_status(record, record.status.changed(**noted), now=3.0)


def itself(old: ToyRecord | None, new: ToyRecord | None) -> Iterator[Key]:
    """The relation of a toy to itself: what is new is looked at."""
    if new is not None and (old is None or old.generation != new.generation):
        yield new.key


WATCH: Watch[ToyRecord] = Watch(
    relations=(itself,),
    is_idle=lambda record: False,
    is_alive=lambda record: True,
    is_settled=lambda record: False,
)


class House:
    """Containers and toys, with files that declare both, below one directory."""

    def __init__(self, root: Path, *, enforce: bool = False) -> None:
        self.specs, self.world = root / "specs", root / "world"
        kept = {name: root / "kvs" / name for name in ("containers", "toys")}
        for path in (self.specs, self.world, *kept.values()):
            path.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.containers = ContainerStore(kept["containers"])
        self.toys = Store(TOY, kept["toys"], max_total=3)
        self.catalog = Catalog(self.containers, self.toys)
        self.problems = self.catalog.load()
        self.conditions: list[Condition] = []
        self.sources = SourceWatcher(
            [
                ContainerOperations(self.containers, self, now=lambda: 1.0),
                Operations(DIALECT, self.toys, now=lambda: 1.0),
            ],
            [WatchedDirectory(path=str(self.specs), enforce=enforce)],
            port=self,
            dormant=root / "dormant",
        )

    async def converge(self, records: Any) -> None:
        """Nothing runs here."""

    def condition(self, record: Any, condition: Condition) -> None:
        self.conditions.append(condition)

    def report(self, problems: Sequence[object]) -> None:
        """They are asked for."""

    def sync(self) -> list[str]:
        """A pass of the files, and passes of all toys; what is wrong with the files."""
        asyncio.run(self.sources.sync())
        for record in list(self.toys.records()):
            make_true(self.toys, record.key, self.world)
        return [str(item) for item in self.sources.problems()]


def main(root: Path) -> None:
    """Make a toy by hand and those of files, then change one for ever; tell what is durable."""
    house = House(root)
    house.toys.create("byhand", ToySpec(), now=1.0, origins={})
    house.sync()
    for size in range(1, 1 << 20):
        set_property(house.toys, "byhand", "size", str(size))
        make_true(house.toys, house.toys.get("byhand").key, house.world)
        print(size, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
