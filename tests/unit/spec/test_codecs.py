"""Codecs: one table per row of the syntax, with the error code of each refusal."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from porto.spec import codecs
from porto.spec.codecs.labels import LABELS_MAX
from porto.spec.errors import EError
from porto.spec.prop import Codec, Rejected

KIB = 1024
MAX = (1 << 64) - 1


def refusal(codec: Codec[Any], text: str) -> Rejected:
    with pytest.raises(Rejected) as caught:
        codec.parse(text)
    return caught.value


class TestBool:
    def test_words(self) -> None:
        assert codecs.Bool().parse("true") is True
        assert codecs.Bool().parse("false") is False
        assert codecs.Bool().format(True) == "true"
        assert codecs.Bool().format(False) == "false"

    @pytest.mark.parametrize("text", ["", "True", "yes", "1", "true\0", " true"])
    def test_anything_else_is_unknown(self, text: str) -> None:
        assert refusal(codecs.Bool(), text).code is EError.Unknown


class TestInt:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", 0),
            ("-1", -1),
            ("+7", 7),
            (" 12 ", 12),
            ("000012", 12),
            pytest.param("0" * 5000 + "12", 12, id="zeros"),
            (str((1 << 63) - 1), (1 << 63) - 1),
            (str(-(1 << 63)), -(1 << 63)),
        ],
    )
    def test_decimal(self, text: str, value: int) -> None:
        assert codecs.Int().parse(text) == value

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "-",
            "1 2",
            "1x",
            "0x1",
            "1_0",
            "1.0",
            "\u0661",
            str(1 << 63),
            pytest.param("9" * 10**6, id="long"),
        ],
    )
    def test_anything_else_is_invalid(self, text: str) -> None:
        assert refusal(codecs.Int(), text).code is EError.InvalidValue

    def test_limits(self) -> None:
        codec = codecs.Int(minimum=-5, maximum=5)
        assert codec.parse("5") == 5
        assert "-5..5" in refusal(codec, "6").reason
        with pytest.raises(Rejected):
            codec.native(-6)


class TestOctal:
    @pytest.mark.parametrize(
        ("text", "value", "shown"),
        [
            ("022", 0o22, "022"),
            ("2", 2, "02"),
            ("0", 0, "0"),
            ("000", 0, "0"),
            ("37777777777", (1 << 32) - 1, "037777777777"),
        ],
    )
    def test_octal(self, text: str, value: int, shown: str) -> None:
        assert codecs.Octal().parse(text) == value
        assert codecs.Octal().format(value) == shown

    @pytest.mark.parametrize("text", ["", "8", "0o7", "-1", "40000000000", "rw", "1 2"])
    def test_anything_else_is_invalid(self, text: str) -> None:
        assert refusal(codecs.Octal(), text).code is EError.InvalidValue


class TestSize:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", 0),
            ("100", 100),
            ("5B", 5),
            ("5b", 5),
            ("1K", KIB),
            ("1k", KIB),
            ("1Kb", KIB),
            ("1KB", KIB),
            ("1KiB", KIB),
            ("2M", 2 * KIB**2),
            ("2g", 2 * KIB**3),
            ("1T", KIB**4),
            ("1P", KIB**5),
            ("1E", KIB**6),
            ("1.5K", 1536),
            (".5k", 512),
            ("1.9", 1),
            ("1e3", 1000),
            ("1e3K", 1000 * KIB),
            ("0x10", 16),
            ("0x1p4", 16),
            (" 7 K", 7 * KIB),
            ("-0", 0),
            (str(MAX), MAX),
            ("9007199254740993", 9007199254740993),
        ],
    )
    def test_number_and_unit(self, text: str, value: int) -> None:
        assert codecs.Size().parse(text) == value

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("", "empty"),
            ("K", "not a size"),
            ("12Q", "unknown unit Q"),
            ("5Bb", "unknown unit Bb"),
            ("1KK", "unknown unit KK"),
            ("1 2", "unknown unit 2"),
            ("-1", "negative"),
            ("-1.5", "negative"),
            ("-inf", "negative"),
            ("inf", "above"),
            ("nan", "not a size"),
            (str(MAX + 1), "above"),
            ("16E", "above"),
            ("1e400", "above"),
            ("1e999999999", "above"),
            pytest.param("9" * 100_000, "above", id="long"),
            pytest.param("0x" + "f" * 100_000, "above", id="long-hex"),
            ("1\0", "unknown unit"),
        ],
    )
    def test_anything_else_is_invalid(self, text: str, word: str) -> None:
        error = refusal(codecs.Size(), text)
        assert error.code is EError.InvalidValue
        assert word in error.reason

    def test_optional(self) -> None:
        codec = codecs.OptionalSize()
        assert codec.parse("") is None
        assert codec.format(None) == ""
        assert codec.parse("10K") == 10 * KIB
        assert codec.native(None) is None
        assert codec.format(0) == "0"

    @pytest.mark.parametrize(
        "value", [True, 1.5, float("inf"), [], pytest.param(10**5000, id="huge"), -1]
    )
    def test_native_values_that_are_no_size(self, value: Any) -> None:
        with pytest.raises(Rejected):
            codecs.Size().native(value)


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("5", 5),
            ("5ns", 5),
            ("5nsec", 5),
            ("5us", 5_000),
            ("5 usec", 5_000),
            ("5ms", 5_000_000),
            ("5msec", 5_000_000),
            ("1.5s", 1_500_000_000),
            ("1sec", 1_000_000_000),
            ("7ps", 0),
            ("7fsec", 0),
        ],
    )
    def test_duration(self, text: str, value: int) -> None:
        assert codecs.Duration().parse(text) == value
        assert codecs.Duration().format(value) == f"{value}ns"

    @pytest.mark.parametrize("text", ["", "s", "5m", "5S", "-1s", "1e30s", "infps"])
    def test_no_duration(self, text: str) -> None:
        assert refusal(codecs.Duration(), text).code is EError.InvalidValue

    def test_seconds_wrap_as_strtoull(self) -> None:
        codec = codecs.Seconds()
        assert codec.parse("3600") == 3600
        assert codec.parse("-1") == MAX
        assert codec.parse(f"-{MAX}") == 1
        assert codec.format(MAX) == str(MAX)
        for text in ("", "1h", "1.0", str(MAX + 1), f"-{MAX + 1}"):
            assert refusal(codec, text).code is EError.InvalidValue
        with pytest.raises(Rejected):
            codec.native(-1)

    @pytest.fixture
    def zone(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("TZ", "XXX-03:00")
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()

    @pytest.mark.usefixtures("zone")
    def test_date_is_local_time(self) -> None:
        codec = codecs.Date()
        assert codec.format(1501588800.75) == "2017-08-01 15:00:00"
        assert codec.parse("2017-08-01 15:00:00") == 1501588800.0
        assert codec.get_index(1501588800.75, "raw") == "1501588800"

    def test_date_that_never_was(self) -> None:
        codec = codecs.Date()
        assert codec.format(0.0) == ""
        assert codec.parse("") == 0.0
        assert refusal(codec, "yesterday").code is EError.InvalidValue
        with pytest.raises(Rejected) as caught:
            codec.get_index(1.0, "cooked")
        assert caught.value.code is EError.InvalidValue


class TestText:
    @pytest.mark.parametrize(
        "text", ["", "a", "a; b: 'c' \"d\"", "two\nlines", "\\", "a\tb", "π", "\x01", "a=b;c"]
    )
    def test_is_kept_as_it_is(self, text: str) -> None:
        assert codecs.Text().format(codecs.Text().parse(text)) == text
        assert codecs.PathText().format(codecs.PathText().parse(text)) == text

    def test_is_trimmed_at_both_ends(self) -> None:
        assert codecs.Text().parse(" \t\na b\r\n \n") == "a b\r"

    @pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udcff"])
    def test_is_something_a_process_could_hold(self, text: str) -> None:
        for codec in (codecs.Text(), codecs.PathText(), codecs.EnvCodec(), codecs.ArgvCodec()):
            assert refusal(codec, text).code is EError.InvalidValue

    def test_limit_counts_bytes(self) -> None:
        codec = codecs.Text(max_bytes=4)
        assert codec.parse("ππ") == "ππ"
        assert "limit of 4" in refusal(codec, "ππx").reason
        assert codec.parse("    ππ    ") == "ππ"

    def test_path_is_as_long_as_the_kernel_allows(self) -> None:
        assert len(codecs.PathText().parse("/" + "x" * 4094)) == 4095
        assert refusal(codecs.PathText(), "/" + "x" * 4095).code is EError.InvalidValue

    def test_native_scalars(self) -> None:
        assert codecs.Text().native(5) == "5"
        for value in (True, 1.10, None, [], {}):
            with pytest.raises(Rejected):
                codecs.Text().native(value)

    def test_word(self) -> None:
        codec = codecs.Word("false", "true", aliases={"full": "true"})
        assert codec.parse("full") == "true"
        assert codec.native(False) == "false"
        assert "not one of false, true" in refusal(codec, "maybe").reason

    @pytest.mark.parametrize(
        ("index", "window"),
        [("10", (10, None)), (":5", (None, 5)), ("10:5", (10, 5)), ("10:", (10, None))],
    )
    def test_window_of_output(self, index: str, window: tuple[int | None, int | None]) -> None:
        assert codecs.StreamText().window(index) == window

    @pytest.mark.parametrize("index", ["", ":", "-1", "a", "1:2:3", " 1", str(MAX + 1), "٣"])
    def test_no_window(self, index: str) -> None:
        with pytest.raises(Rejected) as caught:
            codecs.StreamText().window(index)
        assert caught.value.code is EError.InvalidValue


class TestAccounts:
    @pytest.mark.parametrize("codec", [codecs.UserName(), codecs.GroupName()])
    def test_name_where_there_is_one(self, codec: Codec[str]) -> None:
        assert codec.parse("0") == "root"
        assert codec.parse("root") == "root"
        assert codec.parse("4000000001") == "4000000001"
        assert codec.native(0) == "root"

    @pytest.mark.parametrize("codec", [codecs.UserName(), codecs.GroupName()])
    @pytest.mark.parametrize(
        "text", ["", "no-such-account", "4294967295", "-1", "a b", "x" * 300, "\u0663", "9" * 200]
    )
    def test_unknown(self, codec: Codec[str], text: str) -> None:
        assert refusal(codec, text).code is EError.InvalidValue

    def test_registered_only(self) -> None:
        assert codecs.UserName(registered=True).parse("0") == "root"
        assert "no such user" in refusal(codecs.UserName(registered=True), "4000000001").reason

    def test_a_stored_account_may_have_gone(self) -> None:
        assert codecs.UserName(registered=True).restore("gone-since") == "gone-since"


class TestArgv:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("", ()),
            ("true", ("true",)),
            ("echo\ta b\t'c'", ("echo", "a b", "'c'")),
            ("a\t\tb", ("a", "", "b")),
            ("sed\ts/\\\\/x/", ("sed", "s/\\\\/x/")),
            ("echo\ta\\\tb", ("echo", "a\tb")),
            ("a\\\\\tb\\", ("a\\", "b\\")),
        ],
    )
    def test_arguments(self, text: str, value: tuple[str, ...]) -> None:
        codec = codecs.ArgvCodec()
        assert codec.parse(text) == value
        assert codec.parse(codec.format(value)) == value
        assert codec.native(list(value)) == value

    def test_program_has_a_name(self) -> None:
        assert refusal(codecs.ArgvCodec(), "\ta").code is EError.InvalidValue
        with pytest.raises(Rejected):
            codecs.ArgvCodec().native([""])

    def test_limit(self) -> None:
        codec = codecs.ArgvCodec(max_bytes=5)
        assert codec.parse("a\tbcd") == ("a", "bcd")
        assert refusal(codec, "a\tbcde").code is EError.InvalidValue
        with pytest.raises(Rejected):
            codec.native(["a", "bcde"])

    def test_index(self) -> None:
        codec = codecs.ArgvCodec()
        assert codec.get_index(("a", "b"), "1") == "b"
        assert codec.set_index(("a", "b"), "1", "c") == ("a", "c")
        assert codec.set_index(("a", "b"), "2", "c") == ("a", "b", "c")

    @pytest.mark.parametrize("index", ["2", "-1", "x", "9" * 30, "\u0661", ""])
    def test_no_such_index(self, index: str) -> None:
        with pytest.raises(Rejected) as caught:
            codecs.ArgvCodec().get_index(("a", "b"), index)
        assert caught.value.code is EError.InvalidProperty


class TestEnv:
    @pytest.mark.parametrize(
        ("text", "value", "shown"),
        [
            ("", (), ""),
            ("A=1", (("A", "1"),), "A: 1"),
            ("A: 1", (("A", "1"),), "A: 1"),
            ("A=1;B: two words ; C", (("A", "1"), ("B", "two words"), ("C", None)), None),
            ("A=1;;A=2;", (("A", "2"),), "A: 2"),
            ("A=", (("A", ""),), "A:"),
            ("A:", (("A", ""),), "A:"),
            ("A: B=c", (("A", "B=c"),), "A: B=c"),
            ("A=b: c", (("A", "b: c"),), "A: b: c"),
            ("A:b=c", (("A:b", "c"),), "A:b=c"),
            ("1A=x", (("1A", "x"),), "1A=x"),
            ("A= x", (("A", " x"),), "A= x"),
            ("A=x\\;y\\\\z\\n", (("A", "x;y\\z\\n"),), "A: x\\;y\\\\z\\\\n"),
            ("A=x\\ ", (("A", "x "),), "A: x\\ ;"),
            ("A=x\\\\ ", (("A", "x\\"),), "A: x\\\\"),
            ("A=one\ntwo", (("A", "one\ntwo"),), "A: one\ntwo"),
            ("PATH=/bin:/sbin", (("PATH", "/bin:/sbin"),), "PATH: /bin:/sbin"),
        ],
    )
    def test_both_syntaxes(self, text: str, value: Any, shown: str | None) -> None:
        codec = codecs.EnvCodec()
        assert codec.parse(text) == value
        assert codec.parse(codec.format(value)) == value
        if shown is not None:
            assert codec.format(value) == shown

    @pytest.mark.parametrize("text", ["=x", "A B=c", "A:b", "A:b;C=1", "\xa0=1", "A\n: x"])
    def test_names_that_are_none(self, text: str) -> None:
        assert refusal(codecs.EnvCodec(), text).code is EError.InvalidValue

    def test_index(self) -> None:
        codec = codecs.EnvCodec()
        value = codec.parse("A=1;B")
        assert codec.get_index(value, "A") == "1"
        assert codec.set_index(value, "A", "x;y") == (("A", "x;y"), ("B", None))
        assert codec.set_index(value, "B", "") == (("A", "1"), ("B", ""))
        for name in ("B", "C"):
            with pytest.raises(Rejected) as caught:
                codec.get_index(value, name)
            assert caught.value.code is EError.InvalidValue
        with pytest.raises(Rejected):
            codec.set_index(value, "A=B", "x")

    def test_native(self) -> None:
        codec = codecs.EnvCodec()
        assert codec.native({"A": 1, "B": "$ ", "C": None}) == (
            ("A", "1"),
            ("B", "$ "),
            ("C", None),
        )
        for value in ({"A": True}, {"A": 1.5}, {"A": []}, {"A=B": "x"}, "A=1", 5, [["A"]]):
            with pytest.raises(Rejected):
                codec.native(value)


class TestUlimit:
    @pytest.mark.parametrize(
        ("text", "value", "shown"),
        [
            ("", (), ""),
            ("nofile: 1K 1M", (("nofile", 1024, 1 << 20),), "nofile: 1024 1048576; "),
            ("core: 5", (("core", 5, 5),), "core: 5 5; "),
            ("core: 0 unlimited", (("core", 0, -1),), "core: 0 unlimited; "),
            ("cpu: unlim inf;", (("cpu", -1, -1),), "cpu: unlimited unlimited; "),
            ("rss: -1", (("rss", -1, -1),), "rss: unlimited unlimited; "),
            ("stack: 1; as: 2", (("as", 2, 2), ("stack", 1, 1)), "as: 2 2; stack: 1 1; "),
            ("as: 1; as: 2", (("as", 2, 2),), "as: 2 2; "),
            (f"as: {MAX}", (("as", -1, -1),), "as: unlimited unlimited; "),
        ],
    )
    def test_limits(self, text: str, value: Any, shown: str) -> None:
        codec = codecs.UlimitCodec()
        assert codec.parse(text) == value
        assert codec.format(value) == shown

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("files: 1", "unknown limit"),
            ("nofile", "key: value"),
            ("nofile:", "one or two"),
            ("nofile: 1 2 3", "one or two"),
            ("nofile: 1: 2", "key: value"),
            ("nofile: many", "not a size"),
            ("nofile: 2 1", "above its hard"),
            ("nofile: unlimited 1", "above its hard"),
            ("nofile: -2", "negative"),
        ],
    )
    def test_refused(self, text: str, word: str) -> None:
        error = refusal(codecs.UlimitCodec(), text)
        assert error.code is EError.InvalidValue
        assert word in error.reason

    def test_index(self) -> None:
        codec = codecs.UlimitCodec()
        value: Any = codec.set_index((), "nofile", "1 2")
        assert value == (("nofile", 1, 2),)
        assert codec.get_index(value, "nofile") == "1 2"
        assert codec.set_index(value, "nofile", "") == ()
        for call in (
            lambda: codec.get_index(value, "core"),
            lambda: codec.set_index(value, "files", "1"),
            lambda: codec.set_index(value, "files", ""),
        ):
            with pytest.raises(Rejected) as caught:
                call()
            assert caught.value.code is EError.InvalidValue

    def test_native(self) -> None:
        native = {"nofile": [1024, "unlimited"], "core": 0, "as": "1K 2K"}
        assert codecs.UlimitCodec().native(native) == (
            ("as", 1024, 2048),
            ("core", 0, 0),
            ("nofile", 1024, -1),
        )


class TestUintMap:
    def test_map(self) -> None:
        codec = codecs.UintMapCodec()
        value = codec.parse("b: 1K; a:2 ;;c\\:d: 3; B: 0")
        assert value == (("B", 0), ("a", 2), ("b", 1024), ("c:d", 3))
        assert codec.format(value) == "B: 0; a: 2; b: 1024; c\\:d: 3"
        assert codec.get_index(value, "a") == "2"
        assert codec.set_index(value[:1], "z", "1") == (("B", 0), ("z", 1))

    @pytest.mark.parametrize("text", ["a", "a: b", "a: 1: 2", ": 1", "a: -1", "a:"])
    def test_refused(self, text: str) -> None:
        assert refusal(codecs.UintMapCodec(), text).code is EError.InvalidValue

    def test_missing_key(self) -> None:
        with pytest.raises(Rejected) as caught:
            codecs.UintMapCodec().get_index((), "a")
        assert caught.value.code is EError.InvalidValue


class TestLabels:
    def test_labels(self) -> None:
        codec = codecs.LabelsCodec()
        value = codec.parse("WEB.b: 2; WEB.a: x@y-z.1")
        assert value == (("WEB.a", "x@y-z.1"), ("WEB.b", "2"))
        assert codec.format(value) == "WEB.a: x@y-z.1; WEB.b: 2"

    def test_setting_merges(self) -> None:
        codec = codecs.LabelsCodec()
        old = codec.parse("WEB.a: 1; WEB.b: 2")
        assert codec.update(old, "WEB.b: ; WEB.c: 3") == (("WEB.a", "1"), ("WEB.c", "3"))
        assert codec.update(old, "") == old

    def test_index(self) -> None:
        codec = codecs.LabelsCodec()
        value = codec.set_index((), "WEB.a", "1")
        assert codec.get_index(value, "WEB.a") == "1"
        assert codec.set_index(value, "WEB.a", "") == ()
        with pytest.raises(Rejected) as caught:
            codec.get_index(value, "WEB.b")
        assert caught.value.code is EError.LabelNotFound

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("web.a", "1"),
            ("W.a", "1"),
            ("ABCDEFGHIJKLMNOPQ.a", "1"),
            ("WEB", "1"),
            ("WEB.", "1"),
            ("WeB.a", "1"),
            ("W1.a", "1"),
            ("PORTO.a", "1"),
            ("PORTOX.a", "1"),
            ("WEB.a b", "1"),
            pytest.param("WEB." + "x" * 125, "1", id="long-name"),
            ("WEB.a", "a b"),
            ("WEB.a", "a/b"),
            pytest.param("WEB.a", "x" * 65537, id="long-value"),
            ("WEB.a", "é"),
        ],
    )
    def test_rules(self, name: str, value: str) -> None:
        with pytest.raises(Rejected) as caught:
            codecs.LabelsCodec().set_index((), name, value)
        assert caught.value.code is EError.InvalidLabel

    def test_longest(self) -> None:
        name, value = "WEB." + "x" * 124, "x" * 65536
        assert codecs.LabelsCodec().set_index((), name, value) == ((name, value),)

    def test_number_of_labels(self) -> None:
        codec = codecs.LabelsCodec()
        full = tuple((f"WEB.{number:03}", "1") for number in range(LABELS_MAX))
        assert codec.set_index(full, "WEB.000", "2")[0] == ("WEB.000", "2")
        with pytest.raises(Rejected) as caught:
            codec.set_index(full, "WEB.more", "1")
        assert caught.value.code is EError.ResourceNotAvailable
        assert len(codec.update(full, "WEB.000: ; WEB.more: 1")) == LABELS_MAX

    def test_not_a_map(self) -> None:
        assert refusal(codecs.LabelsCodec(), "WEB.a").code is EError.InvalidValue
