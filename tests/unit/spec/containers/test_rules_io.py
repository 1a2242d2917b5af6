"""Limits by disk: their texts, and which disks are accepted."""

import pytest

from porto.spec.codecs import DiskLimits, Weight, Word
from porto.spec.codecs.disks import KEYS_MAX, DiskKey, parse_key
from porto.spec.containers import operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import InvalidValue, NotSupported
from porto.spec.host import Host
from porto.spec.prop import Rejected

CODEC = DiskLimits()
ACTOR = Actor()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        (" 10M ", "10485760"),
        ("fs: 10M", "10485760"),
        ("fs r: 1k", "fs r: 1024"),
        ("fs: 1; sda: 2", "fs: 1; sda: 2"),
        ("sda w: 1; sda: 2; sda   r: 3", "sda: 2; sda r: 3; sda w: 1"),
        ("/a b \t r: 5", "/a b r: 5"),
        ("/a b: 5", "/a b: 5"),
        ("/r: 5; . w: 6; .tmp: 7", ". w: 6; .tmp: 7; /r: 5"),
        ("8\\:0: 5", "8\\:0: 5"),
        ("sda: 1; sda : 2", "sda: 2"),
        ("sda: 0", "sda: 0"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    value = CODEC.parse(text)
    assert CODEC.format(value) == shown
    assert CODEC.parse(shown) == value


@pytest.mark.parametrize(
    "text",
    ["12Q", "-1", "nan", "sda", "sda: ", ": 5", "sda x: 5", "sda rw: 5", "sda r w: 5", "a b c: 5",
     "sda: -1", "sda: 12Q", "sda: 0x1p80", "sda: inf", "8:0: 5", " r: 5 6", "sda: 5; x", "a\0: 5",
     "1; 2"],
)  # fmt: skip
def test_texts_that_are_refused(text: str) -> None:
    with pytest.raises(Rejected):
        CODEC.parse(text)


def test_elements() -> None:
    value = CODEC.parse("sda w: 1; /x: 2")
    assert CODEC.get_index(value, "sda  w") == "1"
    value = CODEC.set_index(value, "/x", "")
    value = CODEC.set_index(value, " sda\tr ", "1K")
    assert CODEC.format(value) == "sda r: 1024; sda w: 1"
    for index in ("sda", "/x", "sda x", " "):
        with pytest.raises(Rejected):
            CODEC.get_index(value, index)
    with pytest.raises(Rejected):
        CODEC.set_index(value, "sda x", "1")


def test_the_number_of_limits_is_bounded() -> None:
    value = CODEC.parse("; ".join(f"d{number}: 1" for number in range(KEYS_MAX)))
    assert CODEC.set_index(value, "d0", "2") != value
    with pytest.raises(Rejected, match="more than 256"):
        CODEC.set_index(value, "x", "1")
    with pytest.raises(Rejected, match="more than 256"):
        CODEC.native({f"d{number}": 1 for number in range(KEYS_MAX + 1)})


def test_native_values() -> None:
    assert CODEC.native({"/ r": "1M", "sda": 5}) == (("/ r", 1 << 20), ("sda", 5))
    assert CODEC.native(7) == (("fs", 7),)
    for value in (True, 1.5, [1], {"sda x": 1}, None):
        with pytest.raises(Rejected):
            CODEC.native(value)


def test_keys() -> None:
    assert parse_key("/r r") == DiskKey("/r", read=True, write=False)
    assert parse_key("sda w") == DiskKey("sda", read=False, write=True)
    assert parse_key("r") == DiskKey("r")


@pytest.mark.parametrize(
    ("text", "shown"), [("1", "1"), ("0.01", "0.01"), ("100", "100"), ("0x10", "16"), ("1e1", "10"),
                        ("2.123456789", "2.12346"), ("0.29", "0.29")]
)  # fmt: skip
def test_weights(text: str, shown: str) -> None:
    codec = Weight()
    assert codec.format(codec.parse(text)) == shown
    assert codec.parse(shown) == codec.parse(text) == codec.native(codec.parse(text))


@pytest.mark.parametrize("text", ["", "0", "0.009", "100.1", "-1", "1c", "nan", "inf", "x", "1 1"])
def test_weights_that_are_refused(text: str) -> None:
    with pytest.raises(Rejected):
        Weight().parse(text)


@pytest.mark.parametrize("value", [True, "1", None, 0, 10**400, float("nan"), float("inf")])
def test_native_weights_that_are_refused(value: object) -> None:
    with pytest.raises(Rejected):
        Weight().native(value)


def test_policies() -> None:
    codec = find_property("io_policy").codec
    assert isinstance(codec, Word)
    assert codec.parse("") == codec.parse("none") == find_property("io_policy").default
    with pytest.raises(Rejected):
        codec.parse("Idle")


def find_disks(key: str) -> tuple[str, ...]:
    if key in ("sda", "/", "."):
        return ("8:0",)
    raise OSError(19, "no such disk", key)


def make(host: Host) -> tuple[ContainerStore, ContainerRecord]:
    store = ContainerStore(None, admission=Admission(host))
    record = operations.create(store, "a", actor=ACTOR, credentials=Credentials(), now=1.0)
    return store, record


def change(store: ContainerStore, name: str, text: str) -> ContainerRecord:
    record = store.get("a", "get")
    return operations.set_property(store, record, name, text, actor=ACTOR, now=2.0)


@pytest.mark.parametrize("name", ["io_limit", "io_ops_limit"])
def test_disks_that_exist_are_accepted_and_others_refused(name: str) -> None:
    store, _ = make(Host(find_disks=find_disks))
    change(store, name, "sda r: 1; /: 2; .: 3")
    record = store.get("a", "get")
    for text in ("sda: 1; sdb: 2", "/x: 1", ". w: 1; .x: 2"):
        with pytest.raises(InvalidValue, match="no such disk") as caught:
            change(store, name, text)
        assert str(caught.value).startswith(f"cannot set {name} of a to ")
    with pytest.raises(InvalidValue, match="sdb: no such disk"):
        change(store, f"{name}[sdb]", "1")
    assert store.get("a", "get") is record


@pytest.mark.parametrize("text", ["5M", "fs: 1; sda: 2", "fs w: 1"])
def test_limits_of_file_systems_need_a_kernel_that_has_them(text: str) -> None:
    reason = "this kernel has no memory.fs_bps_limit"
    store, _ = make(Host(lacking={"io.fs": reason}, find_disks=find_disks))
    for name in ("io_limit", "io_ops_limit"):
        with pytest.raises(NotSupported, match=reason):
            change(store, name, text)
    assert change(store, "io_limit", "sda: 2")


def test_a_machine_that_nobody_has_looked_at_accepts_any_disk() -> None:
    store, _ = make(Host())
    assert change(store, "io_limit", "sdz: 1")
