"""Lists of devices as text and as a document's values."""

from typing import Any

import pytest

from porto.spec.codecs import DeviceItem, DevicesCodec
from porto.spec.codecs.devices import ITEMS_MAX
from porto.spec.prop import Rejected

CODEC = DevicesCodec()


@pytest.mark.parametrize(
    ("text", "value", "printed"),
    [
        ("", (), ""),
        (" ; ;", (), ""),
        ("/dev/null rw", (DeviceItem("/dev/null", "rw"),), "/dev/null rw; "),
        ("  /dev/null \t wr ;", (DeviceItem("/dev/null", "rw"),), "/dev/null rw; "),
        ("/dev/null -", (DeviceItem("/dev/null", "-"),), "/dev/null -; "),
        ("/dev/null rw-", (DeviceItem("/dev/null", "rw"),), "/dev/null rw; "),
        ("/dev/sda ?*mwr", (DeviceItem("/dev/sda", "rwm*?"),), "/dev/sda rwm*?; "),
        ("preset gpu", (DeviceItem("preset", "gpu"),), "preset gpu; "),
        (
            "/dev/sda r disk 0640 root root",
            (DeviceItem("/dev/sda", "r", "/dev/disk", 0o640, "root", "root"),),
            "/dev/sda r /dev/disk 0640 root root; ",
        ),
        (
            "/dev/sda r /dev/a 0",
            (DeviceItem("/dev/sda", "r", "/dev/a", 0),),
            "/dev/sda r /dev/a 0; ",
        ),
        ("/dev/sda r /dev/a 0 0", (DeviceItem("/dev/sda", "r", "/dev/a", 0, "root"),), None),
        (
            r"/dev/a\;b\ c r; /dev/d w",
            (DeviceItem("/dev/a;b c", "r"), DeviceItem("/dev/d", "w")),
            r"/dev/a\;b\ c r; /dev/d w; ",
        ),
    ],
)
def test_text(text: str, value: Any, printed: str | None) -> None:
    assert CODEC.parse(text) == value
    if printed is not None:
        assert CODEC.format(value) == printed
        assert CODEC.parse(printed.strip()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/dev/null", "wants its access"),
        ("null rw", "not a normal absolute path"),
        ("/dev//null rw", "not a normal absolute path"),
        ("//dev/null rw", "not a normal absolute path"),
        ("/dev/../null rw", "not a normal absolute path"),
        ("/dev/null/ rw", "not a normal absolute path"),
        ("/" + "a" * 5000 + " r", "too long"),
        ("/dev/null rx", "is not of"),
        ("/dev/null R", "is not of"),
        ("/dev/null *", "none of r, w, m and -"),
        ("/dev/null ?", "none of r, w, m and -"),
        ("/dev/null r /tmp/null", "not inside /dev"),
        ("/dev/null r /dev", "not inside /dev"),
        ("/dev/null r ../null", "not a normal absolute path"),
        ("/dev/null r null 8", "octal"),
        ("/dev/null r null 1000", "octal"),
        ("/dev/null r null -1", "octal"),
        ("/dev/null r null 0x1ff", "octal"),
        ("/dev/null r null 777777777777777777777", "octal"),
        ("/dev/null r null 0666 nosuchuser", "no such user"),
        ("/dev/null r null 0666 root nosuchgroup", "no such group"),
        ("/dev/null r null 0666 root root x", "at most"),
        ("preset", "one name"),
        ("preset a b", "one name"),
        ("/dev/\0 r", "NUL"),
        ("/dev/null r;" * (ITEMS_MAX + 1), "more than"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        CODEC.parse(text)


def test_a_stored_list_survives_its_accounts() -> None:
    text = "/dev/null r /dev/null 0666 nosuchuser nosuchgroup; "
    assert CODEC.format(CODEC.restore(text)) == text


class TestIndex:
    value = CODEC.parse("/dev/null rw; /dev/sda r a; /dev/sda r b; preset gpu")

    def test_get(self) -> None:
        assert CODEC.get_index(self.value, "/dev/null") == "rw"
        assert CODEC.get_index(self.value, "/dev/sda") == "r /dev/a; r /dev/b"
        with pytest.raises(Rejected, match="not listed"):
            CODEC.get_index(self.value, "/dev/zero")

    def test_set_replaces_in_place_or_appends(self) -> None:
        changed = CODEC.set_index(self.value, "/dev/sda", "-")
        assert CODEC.format(changed) == "/dev/null rw; /dev/sda -; preset gpu; "
        added = CODEC.set_index(self.value[:1], "/dev/a b", "r")
        assert CODEC.format(added) == r"/dev/null rw; /dev/a\ b r; "

    def test_empty_removes(self) -> None:
        assert CODEC.format(CODEC.set_index(self.value, "/dev/sda", "")) == (
            "/dev/null rw; preset gpu; "
        )
        assert CODEC.set_index(self.value, "/dev/zero", "") == self.value

    @pytest.mark.parametrize("text", ["r; /dev/zero r", "x", " ", "r /etc/x"])
    def test_a_bad_element_is_refused(self, text: str) -> None:
        with pytest.raises(Rejected):
            CODEC.set_index(self.value, "/dev/null", text)


@pytest.mark.parametrize(
    ("native", "printed"),
    [
        ({"/dev/null": "rw", "/dev/sda": "r disk"}, "/dev/null rw; /dev/sda r /dev/disk; "),
        (["/dev/null rw", "preset gpu"], "/dev/null rw; preset gpu; "),
        ([{"device": "/dev/null", "access": "r"}], "/dev/null r; "),
        ([{"device": "/dev/null", "access": "r", "mode": 0o640}], "/dev/null r /dev/null 0640; "),
        (
            [
                {
                    "device": "/dev/a",
                    "access": "r",
                    "path": "b",
                    "mode": "600",
                    "user": 0,
                    "group": 0,
                }
            ],
            "/dev/a r /dev/b 0600 root root; ",
        ),
        ([["/dev/null", "r", "", 0o600]], "/dev/null r /dev/null 0600; "),
        ([], ""),
    ],
)
def test_native(native: Any, printed: str) -> None:
    assert CODEC.format(CODEC.native(native)) == printed


@pytest.mark.parametrize(
    "native",
    [
        5,
        None,
        [5],
        [[]],
        [""],
        ["/dev/null r; /dev/zero r"],
        {"/dev/null": True},
        [{"access": "r"}],
        [{"device": "/dev/null"}],
        [{"device": "/dev/null", "access": "r", "name": "x"}],
        [{"device": "/dev/null", "access": "r", "user": "root"}],
        [{"device": "/dev/null", "access": "r", "mode": 666}],
        [{"device": "/dev/null", "access": "r", "mode": -1}],
        [["/dev/null", "r", "a", 0, "root", "root", "x"]],
    ],
)
def test_native_refused(native: Any) -> None:
    with pytest.raises(Rejected):
        CODEC.native(native)
