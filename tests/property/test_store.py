"""Any record survives the disk; any bytes in its place are survived."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.store import ContainerStore
from porto.spec.records.file import RecordCodec
from tests.property import strategies

CODEC = RecordCodec(CONTAINER)
EXAMPLES = settings(max_examples=60, deadline=None)


@EXAMPLES
@given(record=strategies.records())
def test_a_record_is_read_back(record: ContainerRecord) -> None:
    skipped: list[str] = []
    again = CODEC.decode(CODEC.encode(record), skipped)
    assert again == record
    assert skipped == []
    for facet in type(record.spec).model_fields:
        ours, theirs = getattr(record.spec, facet), getattr(again.spec, facet)
        assert ours.model_fields_set == theirs.model_fields_set


@EXAMPLES
@given(
    record=strategies.records(),
    place=st.integers(0),
    noise=st.binary(min_size=1, max_size=4),
    cut=st.booleans(),
)
def test_a_damaged_record_is_set_aside(
    record: ContainerRecord, place: int, noise: bytes, cut: bool
) -> None:
    good = CODEC.encode(record)
    place %= len(good)
    bad = good[:place] if cut else good[:place] + noise + good[place + len(noise) :]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / str(record.id)
        path.write_bytes(bad)
        store = ContainerStore(Path(name))
        problems = store.load()
        if bad == good:
            assert store.names() == [record.name]
        elif problems:
            assert store.names() == []
            (kept,) = Path(name).iterdir()
            assert kept.read_bytes() == bad
        else:
            # Only the header's own spelling may change without harm.
            assert store.get(record.name) == record


@EXAMPLES
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        CODEC.decode(b"porto-record 1 " + data)
