"""cpu_set: every form, one canonical text, and what is refused with which words."""

import json
from typing import Any

import pytest

from porto.spec.codecs.cpuset import INHERIT, CpuListCodec, CpuSetCodec
from porto.spec.cpulist import each_cpu, format_cpus, parse_cpus
from porto.spec.errors import EError
from porto.spec.prop import Rejected

CODEC = CpuSetCodec()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("  ", ""),
        ("all", ""),
        ("inherit", ""),
        ("0", "0"),
        ("3,1,2", "1-3"),
        ("0-3,5", "0-3,5"),
        ("0,1", "0-1"),
        ("1-2,2-3", "1-3"),
        ("007", "7"),
        ("1,", "1"),
        ("65535", "65535"),
        ("0-65535", "0-65535"),
        ("node 0", "node 0"),
        (" reserve\t12 ", "reserve 12"),
        ("threads 01", "threads 1"),
        ("cores 65535", "cores 65535"),
    ],
)
def test_one_canonical_text(text: str, canonical: str) -> None:
    value = CODEC.parse(text)
    assert CODEC.format(value) == canonical
    assert CODEC.parse(canonical) == value
    assert CODEC.native(json.loads(json.dumps(value))) == value
    hash(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1", "'-1' is neither N nor N-M"),
        ("0--1", "neither"),
        ("1-0", "'1-0' is reversed"),
        ("65536", "out of range 0..65535"),
        ("0-99999", "out of range"),
        ("9" * 5000, "neither"),
        ("0x1", "neither"),
        ("1.0", "neither"),
        ("\u0661", "neither"),
        ("0,,1", "'' is neither"),
        (",", "'' is neither"),
        ("x", "neither"),
        ("all,1", "'all' is neither"),
        ("1 2", "'1' is none of node, cores, threads, reserve"),
        ("all all", "is none of"),
        ("node", "'node' is neither"),
        ("node 0 1", "node wants one number"),
        ("node -1", "node wants a number of 0..65535"),
        ("node 65536", "node wants a number"),
        ("cores 0", "cores wants a number of 1..65535"),
        ("threads 0", "threads wants a number of 1..65535"),
        ("reserve 0", "reserve wants a number of 1..65535"),
        ("threads 1.5", "threads wants a number"),
        ("threads " + "1" * 5000, "threads wants a number"),
        ("jail 1", "jail and mems are not known"),
        ("mems 0", "jail and mems are not known"),
        ("0-1; mems 0", "jail and mems are not known"),
        ("\0", "neither"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        CODEC.parse(text)
    assert reason in refused.value.reason
    assert refused.value.code is EError.InvalidValue
    assert len(refused.value.reason) < 200


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ([0, 1, 5], "0-1,5"),
        ([], ""),
        ({}, ""),
        ({"cores": 2}, "cores 2"),
        (["threads", 1], "threads 1"),
        ([2.0], "2"),
    ],
)
def test_native(value: Any, text: str) -> None:
    assert CODEC.format(CODEC.native(value)) == text


@pytest.mark.parametrize(
    "value",
    [-1, [-1], True, [True], 1.5, None, {"cores": 0}, {"cores": 1, "node": 0}, [[0]], ["0", "1"]],
)
def test_native_refused(value: Any) -> None:
    with pytest.raises(Rejected):
        CODEC.native(value)


def test_a_list_of_many_items_is_read_in_no_time() -> None:
    text = ",".join(["65535"] * 20_000)
    assert CODEC.parse(text) == ("set", "65535")


def test_lists() -> None:
    assert CpuListCodec().parse(" 1,0 ") == "0-1"
    assert CpuListCodec().parse("") == ""
    assert list(each_cpu(parse_cpus("0,3-4"))) == [0, 3, 4]
    assert format_cpus(0) == ""
    assert CODEC.parse("") is INHERIT
