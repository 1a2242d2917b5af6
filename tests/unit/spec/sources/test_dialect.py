"""What holds for a kind whose documents need no rules of their own."""

from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.sources.dialect import Dialect, by_noun

PLAIN = Dialect(kind=CONTAINER)


def test_nothing_must_exist_first_and_nothing_is_started() -> None:
    assert PLAIN.parent("a/b") == ""
    record = ContainerRecord(7, "a", DEFAULT_SPEC)
    assert PLAIN.mark(record, True, True, True) == ""


def test_no_property_follows_from_another() -> None:
    private, argv = find_property("private"), find_property("command_argv")
    spec = PLAIN.assign(DEFAULT_SPEC, argv, ("x", "y"))
    assert spec == DEFAULT_SPEC.with_value(argv, ("x", "y"))
    values, lines = {argv: ("x",), private: "note"}, {"private": 2}
    faults: list[tuple[int, str, str]] = []
    PLAIN.settle(values, lines, lambda *fault: faults.append(fault))
    assert (values, lines, faults) == ({argv: ("x",), private: "note"}, {"private": 2}, [])
    assert dict(PLAIN.pairs) == {}


def test_what_a_file_may_set_and_where_objects_are_listed() -> None:
    some = Dialect(kind=CONTAINER, unsettable=frozenset({"weak"}))
    assert set(PLAIN.settable) - set(some.settable) == {"weak"}
    assert all(prop.name == name for name, prop in PLAIN.settable.items())
    assert PLAIN.list_keys == ("containers", "container")
    assert by_noun(PLAIN) == {"container": PLAIN}
