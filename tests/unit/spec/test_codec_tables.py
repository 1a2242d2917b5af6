"""What each codec makes of a value, with whole messages.

The tables hold the edges of each syntax; what a value may be at all is in the manual's section
"Properties". Longer stories of single codecs are in test_codecs.py and its neighbours.
"""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from porto.spec.codecs import (
    ArgvCodec,
    Bool,
    CpuListCodec,
    CpuPower,
    CpuSetCodec,
    Date,
    DevicesCodec,
    DiskLimits,
    Duration,
    EnvCodec,
    GroupName,
    Int,
    LabelsCodec,
    Octal,
    OptionalSize,
    PathText,
    Period,
    Seconds,
    Size,
    StreamText,
    Text,
    TextMapCodec,
    UintMapCodec,
    UlimitCodec,
    UserName,
    Weight,
    Word,
)
from porto.spec.codecs.controllers import ControllersCodec
from porto.spec.codecs.devices import DeviceItem
from porto.spec.codecs.syntax import UINT64_MAX
from porto.spec.errors import EError
from porto.spec.prop import Codec, Rejected

LONG = "x" * 41
LISTED = (
    DeviceItem("/dev/null", "rw"),
    DeviceItem("/dev/a b", "r", "/dev/x", 0o640, "root", "root"),
    DeviceItem("preset", "p"),
    DeviceItem("/dev/null", "-"),
)
NO_LIMIT = (
    "unknown limit 'files', not one of as, core, cpu, data, fsize, locks, memlock, msgqueue, "
    "nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack"
)
NO_LABEL = "is not a label name: PREFIX.name, PREFIX of 2 to 16 upper-case letters and not PORTO"

VALUES: list[tuple[Codec[Any], list[tuple[str, tuple[Any, ...], Any]]]] = [
    (
        Bool(),
        [
            ("native", (True,), True),
            ("native", (False,), False),
        ],
    ),
    (
        Int(minimum=-5, maximum=5),
        [
            ("parse", ("5",), 5),
            ("parse", ("-5",), -5),
            ("parse", ("+5",), 5),
        ],
    ),
    (
        Int(),
        [
            ("native", (5,), 5),
            ("native", (5.0,), 5),
            ("native", (-3,), -3),
        ],
    ),
    (
        Octal(),
        [
            ("parse", ("+017",), 15),
            ("parse", ("37777777777",), 4294967295),
            ("parse", (" 7 ",), 7),
            ("format", (0,), "0"),
            ("format", (8,), "010"),
            ("native", (0,), 0),
            ("native", (15,), 15),
            ("native", (4294967295,), 4294967295),
        ],
    ),
    (
        Size(),
        [
            ("parse", ("18446744073709551615",), UINT64_MAX),
            ("parse", ("0.5",), 0),
            ("parse", ("0x10",), 16),
            ("parse", ("0x1p4",), 16),
            ("parse", ("0X10",), 16),
            ("parse", ("1e3",), 1000),
            ("parse", ("1E3",), 1000),
            ("parse", (" 1 ",), 1),
            ("parse", ("-0",), 0),
            ("parse", ("1.5kB",), 1536),
            ("parse", ("1 K",), 1024),
            ("parse", ("+1",), 1),
            ("native", (5,), 5),
        ],
    ),
    (
        OptionalSize(),
        [
            ("parse", ("",), None),
            ("parse", ("1K",), 1024),
            ("format", (None,), ""),
            ("format", (0,), "0"),
            ("format", (7,), "7"),
            ("native", (None,), None),
            ("native", (7,), 7),
        ],
    ),
    (
        Text(5),
        [
            ("parse", (" \t\nabc\n\t ",), "abc"),
            ("parse", ("aéé",), "aéé"),
            ("native", ("ab",), "ab"),
            ("native", (7,), "7"),
        ],
    ),
    (
        Text(),
        [
            ("format", (" a ",), " a "),
        ],
    ),
    (
        PathText(),
        [
            ("parse", (" /a ",), "/a"),
            ("parse", ("/" + "x" * 4094,), "/" + "x" * 4094),
        ],
    ),
    (
        StreamText(),
        [
            ("parse", (" a\n",), " a\n"),
            ("window", ("5",), (5, None)),
            ("window", (":5",), (None, 5)),
            ("window", ("5:",), (5, None)),
            ("window", ("5:7",), (5, 7)),
            ("window", ("18446744073709551615",), (UINT64_MAX, None)),
            ("window", ("0:0",), (0, 0)),
        ],
    ),
    (
        Word("a", "true", aliases={"b": "a"}),
        [
            ("parse", ("a",), "a"),
            ("parse", ("b",), "a"),
            ("parse", ("true",), "true"),
            ("native", ("b",), "a"),
            ("native", (True,), "true"),
            ("format", ("a",), "a"),
        ],
    ),
    (
        Word("a", "false"),
        [
            ("native", (False,), "false"),
        ],
    ),
    (
        ArgvCodec(6),
        [
            ("parse", ("",), ()),
            ("parse", ("a\tb",), ("a", "b")),
            ("parse", ("a\\\tb",), ("a\tb",)),
            ("parse", ("a\\\\\tb",), ("a\\", "b")),
            ("parse", ("a\\b",), ("a\\b",)),
            ("parse", ("a\\",), ("a\\",)),
            ("parse", ("a\t",), ("a", "")),
            ("parse", ("a\\\\\\\tb",), ("a\\\tb",)),
            ("parse", ("abcdef",), ("abcdef",)),
        ],
    ),
    (
        ArgvCodec(),
        [
            ("format", ((),), ""),
            ("format", (("a", "b"),), "a\tb"),
            ("format", (("a\tb",),), "a\\\tb"),
            ("format", (("a\\", "b"),), "a\\\\\tb"),
            ("format", (("a\\\tb",),), "a\\\\\\\tb"),
            ("format", (("a\\",),), "a\\"),
            ("format", (("a\\b", "c"),), "a\\b\tc"),
        ],
    ),
    (
        ArgvCodec(6),
        [
            ("native", (["a", 7],), ("a", "7")),
            ("native", (("a",),), ("a",)),
            ("native", (["abc", "de"],), ("abc", "de")),
            ("native", ([],), ()),
        ],
    ),
    (
        ArgvCodec(),
        [
            ("get_index", (("a", "b"), "0"), "a"),
            ("get_index", (("a", "b"), "1"), "b"),
            ("set_index", (("a", "b"), "0", "x"), ("x", "b")),
            ("set_index", (("a", "b"), "1", "x"), ("a", "x")),
            ("set_index", (("a", "b"), "2", "x"), ("a", "b", "x")),
            ("set_index", ((), "0", "x"), ("x",)),
        ],
    ),
    (
        TextMapCodec(),
        [
            ("parse", ("b: 2; a: 1",), (("a", "1"), ("b", "2"))),
            ("parse", ("a: 1; a: 2",), (("a", "2"),)),
            ("parse", ("é: 1; z: 2",), (("z", "2"), ("é", "1"))),
            ("parse", ("a\\:b: c\\;d",), (("a:b", "c;d"),)),
            ("parse", ("a: ",), (("a", ""),)),
            ("format", ((("a:b", "c;d"), ("e", "f\\g")),), "a\\:b: c\\;d; e: f\\\\g"),
            ("get_index", ((("a", "1"),), "a"), "1"),
            ("native", ({"b": "2", "a": 1},), (("a", "1"), ("b", "2"))),
            ("native", ([("a", "1")],), (("a", "1"),)),
            ("native", ({"a": ""},), (("a", ""),)),
        ],
    ),
    (
        Seconds(),
        [
            ("parse", ("-1",), UINT64_MAX),
            ("parse", ("-2",), 18446744073709551614),
            ("parse", ("18446744073709551615",), UINT64_MAX),
            ("parse", ("-18446744073709551615",), 1),
            ("parse", ("0",), 0),
            ("native", (0,), 0),
            ("native", (UINT64_MAX,), UINT64_MAX),
            ("format", (5,), "5"),
        ],
    ),
    (
        Duration(),
        [
            ("parse", ("1",), 1),
            ("parse", ("1ns",), 1),
            ("parse", ("1nsec",), 1),
            ("parse", ("1us",), 1000),
            ("parse", ("1usec",), 1000),
            ("parse", ("1ms",), 1000000),
            ("parse", ("1msec",), 1000000),
            ("parse", ("1s",), 1000000000),
            ("parse", ("1sec",), 1000000000),
            ("parse", ("1ps",), 0),
            ("parse", ("1psec",), 0),
            ("parse", ("1fs",), 0),
            ("parse", ("1fsec",), 0),
            ("parse", ("1e300ps",), 0),
            ("native", (5,), 5),
            ("format", (5,), "5ns"),
        ],
    ),
    (
        Date(),
        [
            ("parse", ("",), 0.0),
            ("format", (0.0,), ""),
            ("get_index", (12.7, "raw"), "12"),
            ("native", (5,), 5.0),
            ("native", (5.5,), 5.5),
        ],
    ),
    (
        UintMapCodec(),
        [
            ("parse", ("b: 2K; a: 1",), (("a", 1), ("b", 2048))),
            ("parse", ("a: 1; a: 2",), (("a", 2),)),
            ("parse", ("a\\:b: 1",), (("a:b", 1),)),
            ("parse", ("é: 1; z: 2",), (("z", 2), ("é", 1))),
            ("parse", ("  ;; ",), ()),
            ("format", ((("a:b", 1), ("c", 2)),), "a\\:b: 1; c: 2"),
            ("get_index", ((("a", 1),), "a"), "1"),
            ("set_index", ((("a", 1),), "b", "2"), (("a", 1), ("b", 2))),
            ("set_index", ((("a", 1),), "a", ""), ()),
            ("set_index", ((("a", 1),), "c", ""), (("a", 1),)),
            ("set_index", ((("a", 1),), " a ", "7"), (("a", 7),)),
            ("native", ({"b": "2K", "a": 1, "c": 3.0},), (("a", 1), ("b", 2048), ("c", 3))),
            ("native", ([("a", 1)],), (("a", 1),)),
            ("native", ({7: 8},), (("7", 8),)),
        ],
    ),
    (
        UlimitCodec(),
        [
            ("parse", ("nofile: 1 2",), (("nofile", 1, 2),)),
            ("parse", ("nofile: 5",), (("nofile", 5, 5),)),
            ("parse", ("core: unlimited",), (("core", -1, -1),)),
            ("parse", ("core: unlim; as: inf",), (("as", -1, -1), ("core", -1, -1))),
            ("parse", ("core: -1",), (("core", -1, -1),)),
            ("parse", ("nofile: 5 unlimited",), (("nofile", 5, -1),)),
            ("parse", ("nofile: 18446744073709551615",), (("nofile", -1, -1),)),
            ("parse", ("nofile: 1 1",), (("nofile", 1, 1),)),
            ("parse", ("nofile: 1K 2K",), (("nofile", 1024, 2048),)),
            ("parse", ("nofile: 1; nofile: 2",), (("nofile", 2, 2),)),
            ("parse", ("nofile: 0 0",), (("nofile", 0, 0),)),
            ("format", ((("as", 1, 2), ("core", -1, -1)),), "as: 1 2; core: unlimited unlimited; "),
            ("get_index", ((("core", 1, -1),), "core"), "1 unlimited"),
            ("set_index", ((("core", 1, 2),), "as", "5"), (("as", 5, 5), ("core", 1, 2))),
            ("set_index", ((("core", 1, 2),), "core", ""), ()),
            ("set_index", ((("core", 1, 2),), "as", ""), (("core", 1, 2),)),
            (
                "native",
                ({"core": 5, "as": "1 2", "nofile": [1, 2]},),
                (("as", 1, 2), ("core", 5, 5), ("nofile", 1, 2)),
            ),
            ("native", ([("core", 1, 2)],), (("core", 1, 2),)),
            ("native", ([("core", (3, 4))],), (("core", 3, 4),)),
            ("native", ({"core": "unlimited"},), (("core", -1, -1),)),
        ],
    ),
    (
        Weight(),
        [
            ("parse", ("0.01",), 0.01),
            ("parse", ("100",), 100.0),
            ("parse", ("1.5",), 1.5),
            ("parse", ("1.23456789",), 1.23457),
            ("parse", ("0.0123456789",), 0.0123456),
            ("native", (1,), 1.0),
            ("native", (1.5,), 1.5),
            ("native", (0.01,), 0.01),
            ("native", (100,), 100.0),
            ("native", (1.23456789,), 1.23457),
            ("format", (1.0,), "1"),
            ("format", (0.01,), "0.01"),
        ],
    ),
    (
        CpuPower(),
        [
            ("parse", ("1c",), 1000000000),
            ("parse", ("0.5c",), 500000000),
            ("parse", ("1ns",), 1),
            ("parse", ("1000000000ns",), 1000000000),
            ("parse", ("1.23456789c",), 1234570000),
            ("parse", ("6.3e-08c",), 63),
            ("parse", ("1.4ns",), 1),
            ("parse", ("1.5ns",), 2),
            ("parse", ("1234567890123ns",), 1234570000000),
            ("format", (0,), "0c"),
            ("format", (1500000000,), "1.5c"),
            ("format", (63,), "6.3e-08c"),
        ],
    ),
    (
        Period(),
        [
            ("parse", ("1ms",), 1000000),
            ("parse", ("1s",), 1000000000),
            ("parse", ("1000000",), 1000000),
            ("native", (1000000,), 1000000),
            ("native", (1000000000,), 1000000000),
            ("format", (1000000,), "1000000"),
        ],
    ),
    (
        ControllersCodec(),
        [
            ("parse", ("memory; cpu ;memory",), ("memory", "cpu")),
            ("parse", ("",), ()),
            ("parse", ("cpu: false; memory: true",), (("memory", True), ("cpu", False))),
            ("parse", (" ; ",), ()),
            ("format", ((),), ""),
            ("format", (("cpu", "memory"),), "cpu;memory"),
            ("format", ((("cpu", False), ("memory", True)),), "cpu: false; memory: true"),
            ("get_index", (("cpu", "memory"), "cpu"), "true"),
            ("get_index", (("cpu", "memory"), "cpu;memory"), "true"),
            ("get_index", (("cpu", "memory"), "pids"), "false"),
            ("get_index", (("cpu", "memory"), "cpu; pids"), "false"),
            ("get_index", ((("cpu", True),), "cpu"), "true"),
            ("get_index", ((("cpu", False),), "cpu"), "false"),
            ("get_index", ((), "cpu"), "false"),
            ("set_index", (("cpu", "memory"), "pids", "true"), ("memory", "cpu", "pids")),
            ("set_index", (("cpu", "memory"), "cpu", "false"), ("memory",)),
            ("set_index", ((), "cpu", "true"), (("cpu", True),)),
            ("set_index", ((), "cpu;memory", "false"), (("memory", False), ("cpu", False))),
            ("set_index", ((("cpu", True),), "cpu", "false"), (("cpu", False),)),
            ("set_index", ((("cpu", True),), "memory", "true"), (("memory", True), ("cpu", True))),
            ("set_index", (("memory",), "freezer; cpu", "true"), ("freezer", "memory", "cpu")),
            ("native", (["memory", "cpu"],), ("memory", "cpu")),
            ("native", ({"memory": True, "cpu": "false"},), (("memory", True), ("cpu", False))),
            ("native", ([("memory", True)],), (("memory", True),)),
            ("native", ([],), ()),
        ],
    ),
    (
        CpuSetCodec(),
        [
            ("parse", ("",), ("inherit", "")),
            ("parse", ("all",), ("inherit", "")),
            ("parse", ("inherit",), ("inherit", "")),
            ("parse", ("1-3,5",), ("set", "1-3,5")),
            ("parse", ("2,1",), ("set", "1-2")),
            ("parse", ("node 0",), ("node", "0")),
            ("parse", ("cores 1",), ("cores", "1")),
            ("parse", ("threads 65535",), ("threads", "65535")),
            ("parse", ("65535",), ("set", "65535")),
            ("parse", ("node 01",), ("node", "1")),
            ("parse", ("1-3,",), ("set", "1-3")),
            ("format", (("inherit", ""),), ""),
            ("format", (("set", "1-3"),), "1-3"),
            ("format", (("node", "1"),), "node 1"),
            ("native", (3,), ("set", "3")),
            ("native", ([1, 2, 3],), ("set", "1-3")),
            ("native", ({"threads": 2},), ("threads", "2")),
            ("native", (["threads", 2],), ("threads", "2")),
            ("native", (["set", "1-3"],), ("set", "1-3")),
            ("native", ([],), ("inherit", "")),
            ("native", ([1.0, 2],), ("set", "1-2")),
        ],
    ),
    (
        CpuListCodec(),
        [
            ("parse", ("",), ""),
            ("parse", (" ",), ""),
            ("parse", ("3,1-2",), "1-3"),
            ("parse", (" 1 ",), "1"),
            ("format", ("1",), "1"),
            ("native", ("1",), "1"),
            ("native", (7,), "7"),
        ],
    ),
    (
        DiskLimits(),
        [
            ("parse", ("5K",), (("fs", 5120),)),
            ("parse", ("",), ()),
            ("parse", ("fs: 5; sda r: 1",), (("fs", 5), ("sda r", 1))),
            ("parse", ("sda: 1; /a b w: 2",), (("/a b w", 2), ("sda", 1))),
            ("parse", ("sda r: 1; sda r: 2",), (("sda r", 2),)),
            ("parse", ("sda   r: 1",), (("sda r", 1),)),
            ("parse", ("./x y: 1",), (("./x y", 1),)),
            ("parse", ("sda\tw: 3",), (("sda w", 3),)),
            ("format", ((("fs", 5),),), "5"),
            ("format", ((("sda", 5),),), "sda: 5"),
            ("format", ((("fs", 5), ("sda r", 1)),), "fs: 5; sda r: 1"),
            ("format", ((),), ""),
            ("get_index", ((("fs", 1), ("sda r", 2)), "sda  r"), "2"),
            ("get_index", ((("fs", 1), ("sda r", 2)), "fs"), "1"),
            ("set_index", ((("fs", 1), ("sda r", 2)), "sda  r", "5"), (("fs", 1), ("sda r", 5))),
            ("set_index", ((("fs", 1), ("sda r", 2)), "fs", ""), (("sda r", 2),)),
            (
                "set_index",
                ((("fs", 1), ("sda r", 2)), "sdb", "1K"),
                (("fs", 1), ("sda r", 2), ("sdb", 1024)),
            ),
            ("native", (5,), (("fs", 5),)),
            ("native", (5.0,), (("fs", 5),)),
            ("native", ({"sda  r": "1K", "fs": 2},), (("fs", 2), ("sda r", 1024))),
            ("native", ([("sda", 1)],), (("sda", 1),)),
        ],
    ),
    (
        EnvCodec(),
        [
            ("parse", ("A: 1; B=2; C",), (("A", "1"), ("B", "2"), ("C", None))),
            ("parse", ("A:",), (("A", ""),)),
            ("parse", ("A=",), (("A", ""),)),
            ("parse", ("A: 1; A: 2",), (("A", "2"),)),
            ("parse", ("A: x\\;y",), (("A", "x;y"),)),
            ("parse", ("A: x\\\\",), (("A", "x\\"),)),
            ("parse", ("A: x\\ ; B",), (("A", "x "), ("B", None))),
            ("parse", ("A: x\\  ;",), (("A", "x "),)),
            ("parse", ("A.B=1",), (("A.B", "1"),)),
            ("parse", ("A.B",), (("A.B", None),)),
            ("parse", ("A: b c ",), (("A", "b c"),)),
            ("parse", ("A:  b",), (("A", "b"),)),
            ("parse", ("A\\;B=1",), (("A;B", "1"),)),
            ("parse", ("A:=1",), (("A:", "1"),)),
            ("parse", ("A==1",), (("A", "=1"),)),
            ("parse", ("A: x\\y",), (("A", "x\\y"),)),
            ("parse", ("é=1",), (("é", "1"),)),
            ("parse", ("A: x\\\t",), (("A", "x\t"),)),
            ("parse", ("A: x\\\\ ;B",), (("A", "x\\"), ("B", None))),
            ("format", ((),), ""),
            ("format", ((("A", "1"), ("B", None)),), "A: 1; B"),
            ("format", ((("A", ""),),), "A:"),
            ("format", ((("A", " x"),),), "A= x"),
            ("format", ((("A", "x "),),), "A: x\\ ;"),
            ("format", ((("A", "x\t"),),), "A: x\\\t;"),
            ("format", ((("a.b", "1"),),), "a.b=1"),
            ("format", ((("A", ";\\"),),), "A: \\;\\\\"),
            ("format", ((("B;C", None),),), "B\\;C"),
            ("format", ((("A;", ""),),), "A\\;="),
            ("format", ((("A", "x"), ("B", " ")),), "A: x; B=\\ ;"),
            ("get_index", ((("A", "1"), ("B", None)), "A"), "1"),
            ("set_index", ((("A", "1"), ("B", None)), "A", "2"), (("A", "2"), ("B", None))),
            (
                "set_index",
                ((("A", "1"), ("B", None)), "C", ""),
                (("A", "1"), ("B", None), ("C", "")),
            ),
            (
                "set_index",
                ((("A", "1"), ("B", None)), "A:", "x"),
                (("A", "1"), ("B", None), ("A:", "x")),
            ),
            ("native", ({"A": "1", "B": None, "C": 7},), (("A", "1"), ("B", None), ("C", "7"))),
            ("native", ([("A", "1")],), (("A", "1"),)),
            ("native", ({"A:": "1"},), (("A:", "1"),)),
        ],
    ),
    (
        LabelsCodec(),
        [
            ("parse", ("WEB.b: 2; WEB.a: 1",), (("WEB.a", "1"), ("WEB.b", "2"))),
            ("parse", ("WEB.a: ",), ()),
            ("parse", ("ABCDEFGHIJKLMNOP.a: 1",), (("ABCDEFGHIJKLMNOP.a", "1"),)),
            ("parse", ("AB." + "x" * 125 + ": 1",), (("AB." + "x" * 125, "1"),)),
            ("parse", ("XPORTO.a: 1",), (("XPORTO.a", "1"),)),
            (
                "update",
                ((("AB.a", "1"), ("AB.b", "2")), "AB.a:; AB.c: 3; AB.b: 4"),
                (("AB.b", "4"), ("AB.c", "3")),
            ),
            ("format", ((("AB.a:b", "1:2"), ("AB.c", "3")),), "AB.a\\:b: 1\\:2; AB.c: 3"),
            ("get_index", ((("AB.a", "1"),), "AB.a"), "1"),
            ("set_index", ((("AB.a", "1"),), "AB.a", ""), ()),
            ("set_index", ((("AB.a", "1"),), "AB.b", "2"), (("AB.a", "1"), ("AB.b", "2"))),
            ("set_index", ((("AB.a", "1"),), "AB.x", ""), (("AB.a", "1"),)),
            ("native", ({"AB.b": 7, "AB.a": "1"},), (("AB.a", "1"), ("AB.b", "7"))),
            ("native", ([("AB.a", "1")],), (("AB.a", "1"),)),
            ("native", ({"AB.a": ""},), ()),
        ],
    ),
    (
        UserName(),
        [
            ("parse", ("root",), "root"),
            ("parse", (" root\n",), "root"),
            ("parse", ("0",), "root"),
            ("parse", ("54321",), "54321"),
            ("parse", ("4294967294",), "4294967294"),
        ],
    ),
    (
        UserName(registered=True),
        [
            ("parse", ("0",), "root"),
        ],
    ),
    (
        UserName(),
        [
            ("native", ("root",), "root"),
            ("native", (0,), "root"),
            ("native", (54321,), "54321"),
            ("restore", ("gone",), "gone"),
            ("format", ("a",), "a"),
        ],
    ),
    (
        GroupName(),
        [
            ("parse", ("root",), "root"),
            ("parse", (" root\n",), "root"),
            ("parse", ("0",), "root"),
            ("parse", ("54321",), "54321"),
            ("parse", ("4294967294",), "4294967294"),
        ],
    ),
    (
        GroupName(registered=True),
        [
            ("parse", ("0",), "root"),
        ],
    ),
    (
        GroupName(),
        [
            ("native", ("root",), "root"),
            ("native", (0,), "root"),
            ("native", (54321,), "54321"),
            ("restore", ("gone",), "gone"),
            ("format", ("a",), "a"),
        ],
    ),
    (
        DevicesCodec(),
        [
            ("parse", ("",), ()),
            ("parse", ("/dev/null rw",), (DeviceItem("/dev/null", "rw"),)),
            (
                "parse",
                ("/dev/null wr; /dev/zero -",),
                (DeviceItem("/dev/null", "rw"), DeviceItem("/dev/zero", "-")),
            ),
            ("parse", ("/dev/null rw-",), (DeviceItem("/dev/null", "rw"),)),
            ("parse", ("/dev/null r*?",), (DeviceItem("/dev/null", "r*?"),)),
            (
                "parse",
                ("/dev/null rwm null 0666 root root",),
                (DeviceItem("/dev/null", "rwm", "/dev/null", 438, "root", "root"),),
            ),
            ("parse", ("/dev/null rw /dev/x 0",), (DeviceItem("/dev/null", "rw", "/dev/x", 0),)),
            ("parse", ("/dev/null rw x 0777",), (DeviceItem("/dev/null", "rw", "/dev/x", 511),)),
            (
                "parse",
                ("/dev/null rw x 00000777",),
                (DeviceItem("/dev/null", "rw", "/dev/x", 511),),
            ),
            ("parse", ("preset a",), (DeviceItem("preset", "a"),)),
            ("parse", ("/dev/a\\ b rw",), (DeviceItem("/dev/a b", "rw"),)),
            (
                "parse",
                ("/dev/a\\;b rw; preset x",),
                (DeviceItem("/dev/a;b", "rw"), DeviceItem("preset", "x")),
            ),
            (
                "parse",
                ("/dev/null rw x 0666 54321",),
                (DeviceItem("/dev/null", "rw", "/dev/x", 438, "54321"),),
            ),
            ("parse", ("/dev/null -m",), (DeviceItem("/dev/null", "m"),)),
            ("parse", ("/dev/null -?",), (DeviceItem("/dev/null", "-?"),)),
            ("parse", ("/dev/null *-",), (DeviceItem("/dev/null", "-*"),)),
            ("parse", ("/dev/" + "x" * 4090 + " rw",), (DeviceItem("/dev/" + "x" * 4090, "rw"),)),
            (
                "restore",
                ("/dev/null rw x 0666 gone gone",),
                (DeviceItem("/dev/null", "rw", "/dev/x", 438, "gone", "gone"),),
            ),
            ("restore", ("/dev/null rw",), (DeviceItem("/dev/null", "rw"),)),
            (
                "format",
                (LISTED,),
                "/dev/null rw; /dev/a\\ b r /dev/x 0640 root root; preset p; /dev/null -; ",
            ),
            ("format", ((DeviceItem("/dev/z", "r", "/dev/z", 0),),), "/dev/z r /dev/z 0; "),
            ("get_index", (LISTED, "/dev/null"), "rw; -"),
            ("get_index", (LISTED, "/dev/a b"), "r /dev/x 0640 root root"),
            (
                "set_index",
                (LISTED[:2], "/dev/null", "r"),
                (
                    DeviceItem("/dev/null", "r"),
                    DeviceItem("/dev/a b", "r", "/dev/x", 416, "root", "root"),
                ),
            ),
            (
                "set_index",
                (LISTED[:2], "/dev/null", ""),
                (DeviceItem("/dev/a b", "r", "/dev/x", 416, "root", "root"),),
            ),
            (
                "set_index",
                (LISTED[:2], "/dev/z", "rw x"),
                (
                    DeviceItem("/dev/null", "rw"),
                    DeviceItem("/dev/a b", "r", "/dev/x", 416, "root", "root"),
                    DeviceItem("/dev/z", "rw", "/dev/x"),
                ),
            ),
            ("set_index", (LISTED[:2], "/dev/z", ""), LISTED[:2]),
            ("native", (["/dev/null rw"],), (DeviceItem("/dev/null", "rw"),)),
            (
                "native",
                ({"/dev/null": "rw", "/dev/zero": "r x"},),
                (DeviceItem("/dev/null", "rw"), DeviceItem("/dev/zero", "r", "/dev/x")),
            ),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw"}],),
                (DeviceItem("/dev/null", "rw"),),
            ),
            (
                "native",
                (
                    (
                        [
                            {
                                "device": "/dev/null",
                                "access": "rw",
                                "path": "x",
                                "mode": 416,
                                "user": 0,
                                "group": "root",
                            }
                        ],
                    )
                ),
                (DeviceItem("/dev/null", "rw", "/dev/x", 416, "root", "root"),),
            ),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "mode": 384}],),
                (DeviceItem("/dev/null", "rw", "/dev/null", 384),),
            ),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "mode": "0600"}],),
                (DeviceItem("/dev/null", "rw", "/dev/null", 384),),
            ),
            ("native", ([["/dev/null", "rw"]],), (DeviceItem("/dev/null", "rw"),)),
            (
                "native",
                ([["/dev/null", "rw", None, 384]],),
                (DeviceItem("/dev/null", "rw", "/dev/null", 384),),
            ),
            (
                "native",
                ([["/dev/null", "rw", "x", 1, "root", "root"]],),
                (DeviceItem("/dev/null", "rw", "/dev/x", 1, "root", "root"),),
            ),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "mode": 511}],),
                (DeviceItem("/dev/null", "rw", "/dev/null", 511),),
            ),
            ("native", ([["preset", "a"]],), (DeviceItem("preset", "a"),)),
            (
                "native",
                ([["/dev/null", "rw", "x", 0]],),
                (DeviceItem("/dev/null", "rw", "/dev/x", 0),),
            ),
        ],
    ),
]

REFUSALS: list[tuple[Codec[Any], list[tuple[Any, ...]]]] = [
    (
        Bool(),
        [
            ("parse", ("True",), "neither true nor false", EError.Unknown),
            ("parse", ("",), "neither true nor false", EError.Unknown),
            ("native", (1,), "wants true or false, not int", EError.Unknown),
            ("native", ("true",), "wants true or false, not str", EError.Unknown),
            ("native", (None,), "wants true or false, not NoneType", EError.Unknown),
        ],
    ),
    (
        Int(minimum=-5, maximum=5),
        [
            ("parse", ("6",), "out of range -5..5"),
            ("parse", ("-6",), "out of range -5..5"),
            ("parse", ("x",), "not a decimal integer"),
            ("parse", ("",), "not a decimal integer"),
            ("parse", ("99999999999999999999",), "out of range -5..5"),
            ("parse", ("999999999999999999999",), "out of range"),
        ],
    ),
    (
        Int(),
        [
            ("native", (5.5,), "wants a whole number, not float"),
            ("native", (True,), "wants a whole number, not bool"),
            ("native", ("5",), "wants a whole number, not str"),
            ("native", (None,), "wants a whole number, not NoneType"),
            ("native", (18446744073709551616,), "out of range"),
            ("native", (UINT64_MAX,), "out of range -9223372036854775808..9223372036854775807"),
            ("native", (-18446744073709551616,), "out of range"),
            ("native", (-18446744073709551617,), "out of range"),
        ],
    ),
    (
        Octal(),
        [
            ("parse", ("0o7",), "not an octal number of at most 32 bits"),
            ("parse", ("777777777777",), "not an octal number of at most 32 bits"),
            ("parse", ("8",), "not an octal number of at most 32 bits"),
            ("native", (4294967296,), "not a number of at most 32 bits"),
            ("native", (-1,), "not a number of at most 32 bits"),
            ("native", ("7",), "wants a whole number, not str"),
        ],
    ),
    (
        Size(),
        [
            ("parse", ("",), "empty, not a size"),
            ("parse", ("x",), "not a size"),
            ("parse", ("1Q",), "unknown unit Q"),
            ("parse", ("1QQQQQQQQQQQQQQQQQQ",), "unknown unit QQQQQQQQQQQQQQQQ"),
            ("parse", ("-1",), "negative"),
            ("parse", ("16E",), "above 2^64-1"),
            ("parse", ("18446744073709551616",), "above 2^64-1"),
            ("parse", ("99999999999999999999",), "above 2^64-1"),
            ("parse", ("inf",), "above 2^64-1"),
            ("parse", ("-inf",), "negative"),
            ("parse", ("nan",), "not a size"),
            ("parse", ("-0.5",), "negative"),
            ("parse", ("99999999999999999999999",), "above 2^64-1"),
            ("parse", ("0x1p99999",), "above 2^64-1"),
            ("parse", ("-0x1p99999",), "negative"),
            ("native", (-1,), "negative"),
            ("native", (1.5,), "wants a whole number, not float"),
            ("native", (18446744073709551616,), "out of range"),
        ],
    ),
    (
        OptionalSize(),
        [
            ("native", ("7",), "wants a whole number, not str"),
        ],
    ),
    (
        Text(5),
        [
            ("parse", ("abcdef",), "6 bytes are more than the limit of 5"),
            ("parse", ("aééé",), "7 bytes are more than the limit of 5"),
            ("parse", ("a\x00b",), "contains a NUL character"),
            ("parse", ("\udcff",), "is not valid UTF-8"),
            ("native", (True,), "wants text, not bool; quote it"),
            ("native", (1.5,), "wants text, not float; quote it"),
            ("native", (None,), "wants text, not NoneType; quote it"),
            ("native", (18446744073709551616,), "a number out of range; quote it"),
            ("native", (UINT64_MAX,), "20 bytes are more than the limit of 5"),
            ("native", (-18446744073709551617,), "a number out of range; quote it"),
            ("native", (["a"],), "wants text, not list; quote it"),
        ],
    ),
    (
        PathText(),
        [
            ("parse", ("/" + "x" * 4095,), "4096 bytes are more than the limit of 4095"),
        ],
    ),
    (
        StreamText(),
        [
            ("parse", ("\x00",), "contains a NUL character"),
            ("window", ("",), "has no []; say [offset], [:length] or [offset:length]"),
            ("window", (":",), "has no [:]; say [offset], [:length] or [offset:length]"),
            ("window", ("x",), "has no [x]; say [offset], [:length] or [offset:length]"),
            ("window", ("5:x",), "has no [5:x]; say [offset], [:length] or [offset:length]"),
            ("window", ("-1",), "has no [-1]; say [offset], [:length] or [offset:length]"),
            (
                "window",
                (LONG,),
                "has no [" + "x" * 40 + "]; say [offset], [:length] or [offset:length]",
            ),
            ("window", ("18446744073709551616",), "offset or length is out of range"),
            ("window", (":18446744073709551616",), "offset or length is out of range"),
            (
                "window",
                ("123456789012345678901",),
                "has no [123456789012345678901]; say [offset], [:length] or [offset:length]",
            ),
        ],
    ),
    (
        Word("a", "true", aliases={"b": "a"}),
        [
            ("parse", ("c",), "not one of a, true"),
            ("parse", (" a",), "not one of a, true"),
            ("parse", ("",), "not one of a, true"),
            ("native", (False,), "not one of a, true"),
            ("native", (3,), "not one of a, true"),
            ("native", (None,), "wants text, not NoneType; quote it"),
        ],
    ),
    (
        ArgvCodec(6),
        [
            ("parse", ("\tb",), "the first argument, the program, is empty"),
            ("parse", ("abcdefg",), "7 bytes are more than the limit of 6"),
            ("native", ("a",), "wants a list of arguments, not str"),
            ("native", ({"a": 1},), "wants a list of arguments, not dict"),
            ("native", (["", "b"],), "the first argument, the program, is empty"),
            ("native", (["abc", "defg"],), "8 bytes are more than the limit of 6"),
            ("native", (["a\x00"],), "contains a NUL character"),
            ("native", ([True],), "wants text, not bool; quote it"),
        ],
    ),
    (
        ArgvCodec(),
        [
            ("get_index", (("a", "b"), "2"), "has no argument 2", EError.InvalidProperty),
            (
                "get_index",
                (("a", "b"), "-1"),
                "'-1' is not a number of an argument",
                EError.InvalidProperty,
            ),
            (
                "get_index",
                (("a", "b"), "x"),
                "'x' is not a number of an argument",
                EError.InvalidProperty,
            ),
            (
                "get_index",
                (("a", "b"), "1234567"),
                "has no argument 1234567",
                EError.InvalidProperty,
            ),
            (
                "get_index",
                (("a", "b"), "12345678"),
                "'12345678' is not a number of an argument",
                EError.InvalidProperty,
            ),
            (
                "get_index",
                (("a", "b"), "\u0661"),
                "'\u0661' is not a number of an argument",
                EError.InvalidProperty,
            ),
            (
                "get_index",
                (("a", "b"), LONG),
                "'" + "x" * 40 + "...' is not a number of an argument",
                EError.InvalidProperty,
            ),
            ("set_index", (("a", "b"), "3", "x"), "has no argument 3", EError.InvalidProperty),
            ("set_index", (("a", "b"), "0", ""), "the first argument, the program, is empty"),
        ],
    ),
    (
        TextMapCodec(),
        [
            ("parse", ("a",), "'a' is not of the form key: value"),
            ("parse", ("a: b: c",), "'a: b: c' is not of the form key: value"),
            ("parse", (": x",), "a key or text is empty or has blanks at its ends"),
            ("get_index", ((("a", "1"),), "b"), "has no [b]", EError.InvalidProperty),
            (
                "get_index",
                ((("a", "1"),), LONG),
                "has no [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]",
                EError.InvalidProperty,
            ),
            ("native", ([["a"]],), "wants pairs of name and text"),
            ("native", ([("a", "1", "2")],), "wants pairs of name and text"),
            ("native", ("a",), "wants a mapping or text, not str"),
            ("native", (7,), "wants a mapping or text, not int"),
            ("native", ({" a": "1"},), "a key or text is empty or has blanks at its ends"),
            ("native", ({"a": " 1"},), "a key or text is empty or has blanks at its ends"),
            ("native", ({"": "1"},), "a key or text is empty or has blanks at its ends"),
            ("native", ({"a": True},), "wants text, not bool; quote it"),
            ("native", ([[]],), "wants a mapping or text, not list"),
            ("native", (["ab"],), "wants a mapping or text, not list"),
        ],
    ),
    (
        Seconds(),
        [
            ("parse", ("18446744073709551616",), "out of range"),
            ("parse", ("-18446744073709551616",), "out of range"),
            ("parse", ("x",), "not a decimal integer"),
            ("native", (-1,), "out of range"),
            ("native", (18446744073709551616,), "out of range"),
            ("native", ("1",), "wants a whole number, not str"),
        ],
    ),
    (
        Duration(),
        [
            ("parse", ("infps",), "above 2^64-1"),
            ("parse", ("1m",), "unknown unit m"),
            ("parse", ("",), "empty, not a duration"),
            ("parse", ("x",), "not a duration"),
            ("native", ("5",), "wants a whole number, not str"),
            ("native", (-5,), "negative"),
        ],
    ),
    (
        Date(),
        [
            ("parse", ("x",), "not a date YYYY-MM-DD hh:mm:ss"),
            ("parse", ("2024-13-01 00:00:00",), "not a date YYYY-MM-DD hh:mm:ss"),
            ("get_index", (12.7, "x"), "has no [x], only [raw]"),
            ("native", (True,), "wants seconds or a date, not bool"),
            ("native", ("x",), "wants seconds or a date, not str"),
            ("native", (None,), "wants seconds or a date, not NoneType"),
        ],
    ),
    (
        UintMapCodec(),
        [
            ("parse", ("a: x",), "'a': not a number"),
            ("parse", ("a: -1",), "'a': negative"),
            ("parse", (": 1",), "a key is empty"),
            ("parse", ("a",), "'a' is not of the form key: value"),
            ("parse", ("a: 1Q",), "'a': unknown unit Q"),
            ("get_index", ((("a", 1),), "b"), "has no [b]"),
            ("get_index", ((("a", 1),), LONG), "has no [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]"),
            ("set_index", ((("a", 1),), "", "1"), "a key is empty"),
            ("set_index", ((("a", 1),), "a", "x"), "'a': not a number"),
            ("native", ([("a",)],), "wants pairs of key and number"),
            ("native", ([("a", 1, 2)],), "wants pairs of key and number"),
            ("native", ({"a": True},), "wants a whole number, not bool"),
            ("native", ({"a": -1},), "'a': negative"),
            ("native", ("x",), "wants a mapping or text, not str"),
            ("native", ({"": 1},), "a key is empty"),
            ("native", ({"a": 1.5},), "wants a whole number, not float"),
        ],
    ),
    (
        UlimitCodec(),
        [
            ("parse", ("nofile: 2 1",), "the soft limit of nofile is above its hard limit"),
            ("parse", ("nofile: unlimited 5",), "the soft limit of nofile is above its hard limit"),
            ("parse", ("nofile: -2",), "nofile '-2': negative"),
            ("parse", ("nofile: 1 2 3",), "nofile wants one or two limits, soft and hard"),
            ("parse", ("nofile:",), "nofile wants one or two limits, soft and hard"),
            ("parse", ("files: 1",), NO_LIMIT),
            ("parse", ("files: 1 2 3",), NO_LIMIT),
            ("parse", ("nofile: 1Q",), "nofile '1Q': unknown unit Q"),
            (
                "parse",
                ("nofile: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",),
                "nofile '" + "x" * 40 + "...': not a size",
            ),
            ("get_index", ((("core", 1, -1),), "as"), "limit 'as' is not set"),
            ("set_index", ((("core", 1, 2),), "files", ""), NO_LIMIT),
            ("set_index", ((("core", 1, 2),), "files", "1"), NO_LIMIT),
            ("set_index", ((("core", 1, 2),), "core", "x"), "core 'x': not a size"),
            ("native", ({"core": [1, 2, 3]},), "core wants one or two limits, soft and hard"),
            ("native", ({"core": True},), "wants text, not bool; quote it"),
            ("native", (7,), "wants a mapping or text, not int"),
            ("native", ({"core": []},), "core wants one or two limits, soft and hard"),
            ("native", ([("core",)],), "core wants one or two limits, soft and hard"),
        ],
    ),
    (
        Weight(),
        [
            ("parse", ("0.009",), "out of range 0.01..100"),
            ("parse", ("100.01",), "out of range 0.01..100"),
            ("parse", ("x",), "not a number"),
            ("parse", ("",), "empty, not a number"),
            ("parse", ("1%",), "unknown unit %"),
            ("parse", ("nan",), "not a number"),
            ("native", (0.009,), "out of range 0.01..100"),
            ("native", (100.5,), "out of range 0.01..100"),
            ("native", (True,), "wants a number, not bool"),
            ("native", ("1",), "wants a number, not str"),
            ("native", (None,), "wants a number, not NoneType"),
            ("native", (math.nan,), "out of range 0.01..100"),
        ],
    ),
    (
        CpuPower(),
        [
            ("parse", ("x",), "not a CPU power"),
            ("parse", ("1C",), "unknown unit C"),
            ("parse", ("-1c",), "negative"),
            ("parse", ("",), "empty, not a CPU power"),
            ("parse", ("18446744073709551c",), "above 2^64-1"),
            ("native", (True,), "wants a number or text, not bool"),
            ("native", ("1",), "wants a number or text, not str"),
            ("native", (None,), "wants a number or text, not NoneType"),
            ("native", (36893488147419103232,), "out of range"),
            ("native", (-36893488147419103232,), "out of range"),
            ("native", (-1,), "negative"),
            ("native", (math.inf,), "out of range"),
        ],
    ),
    (
        Period(),
        [
            ("parse", ("999us",), "out of range 1ms..1s"),
            ("parse", ("1001ms",), "out of range 1ms..1s"),
            ("parse", ("x",), "not a duration"),
            ("native", (999999,), "out of range 1ms..1s"),
            ("native", (1000000001,), "out of range 1ms..1s"),
            ("native", ("1ms",), "wants a whole number, not str"),
            ("native", (True,), "wants a whole number, not bool"),
        ],
    ),
    (
        ControllersCodec(),
        [
            ("parse", ("memory: maybe",), "memory: neither true nor false", EError.Unknown),
            ("parse", ("x",), "unknown controller 'x'"),
            ("parse", ("x: true",), "unknown controller 'x'"),
            ("parse", ("memory: true: x",), "'memory: true: x' is not of the form key: value"),
            ("parse", ("memory:",), "memory: neither true nor false", EError.Unknown),
            ("parse", ("cpu;x",), "unknown controller 'x'"),
            ("get_index", ((), ""), "names no controller"),
            ("get_index", ((), "x"), "unknown controller 'x'"),
            ("get_index", (("cpu",), " ; "), "names no controller"),
            ("set_index", ((), "cpu", "x"), "neither true nor false", EError.Unknown),
            ("set_index", ((), "", "true"), "names no controller"),
            ("set_index", ((), "x", "true"), "unknown controller 'x'"),
            ("native", ([("memory",)],), "wants pairs of name and boolean"),
            ("native", ([("memory", True, 1)],), "wants pairs of name and boolean"),
            ("native", ("cpu",), "wants a list or mapping of names, not str"),
            ("native", (7,), "wants a list or mapping of names, not int"),
            ("native", (["x"],), "unknown controller 'x'"),
            ("native", ({"x": True},), "unknown controller 'x'"),
            ("native", ({"cpu": 1},), "cpu: wants true or false, not int", EError.Unknown),
            ("native", ({"cpu": "x"},), "cpu: neither true nor false", EError.Unknown),
            ("native", (["cpu", ("a", "b")],), "wants text, not tuple; quote it"),
            ("native", ({True: True},), "wants text, not bool; quote it"),
            ("native", (None,), "wants a list or mapping of names, not NoneType"),
        ],
    ),
    (
        CpuSetCodec(),
        [
            ("parse", ("threads 65536",), "threads wants a number of 1..65535"),
            ("parse", ("threads 0",), "threads wants a number of 1..65535"),
            ("parse", ("node -1",), "node wants a number of 0..65535"),
            ("parse", ("node x",), "node wants a number of 0..65535"),
            ("parse", ("node",), "'node' is neither N nor N-M"),
            ("parse", ("threads 1 2",), "threads wants one number"),
            ("parse", ("x 1",), "'x' is none of node, cores, threads, reserve"),
            ("parse", ("x",), "'x' is neither N nor N-M"),
            ("parse", ("1;2",), "jail and mems are not known to this release"),
            ("parse", ("jail 1",), "jail and mems are not known to this release"),
            ("parse", ("mems 1",), "jail and mems are not known to this release"),
            ("parse", ("all 1",), "'all' is none of node, cores, threads, reserve"),
            ("parse", ("3-1",), "the range '3-1' is reversed"),
            ("parse", ("1,,2",), "'' is neither N nor N-M"),
            ("parse", ("65536",), "'65536' is out of range 0..65535"),
            ("parse", (LONG,), "'" + "x" * 40 + "...' is neither N nor N-M"),
            ("parse", ("reserve 0",), "reserve wants a number of 1..65535"),
            ("parse", ("threads 1234567",), "threads wants a number of 1..65535"),
            (
                "parse",
                ("threads xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",),
                "threads wants a number of 1..65535",
            ),
            ("native", (True,), "wants a whole number, not bool"),
            ("native", (1.5,), "wants a whole number, not float"),
            ("native", ("x",), "wants a whole number, not str"),
            ("native", (None,), "wants a whole number, not NoneType"),
            ("native", ({"x": 1},), "'x' is none of node, cores, threads, reserve"),
            ("native", (["node"],), "'node' is neither N nor N-M"),
            ("native", ({"threads": True},), "wants text, not bool; quote it"),
            ("native", (["1", "2"],), "'1' is none of node, cores, threads, reserve"),
            ("native", ([1.5],), "wants a whole number, not float"),
        ],
    ),
    (
        CpuListCodec(),
        [
            ("parse", ("x",), "'x' is neither N nor N-M"),
            ("parse", ("3-1",), "the range '3-1' is reversed"),
            ("parse", ("65536",), "'65536' is out of range 0..65535"),
            ("native", (True,), "wants text, not bool; quote it"),
        ],
    ),
    (
        DiskLimits(),
        [
            (
                "parse",
                ("sda x: 1",),
                "'sda x' is not a disk or path with r, w or nothing behind it",
            ),
            ("parse", (": 1",), "a key is empty"),
            ("parse", ("x",), "not a number"),
            ("parse", ("-1",), "negative"),
            ("parse", ("fs: x",), "'fs': not a number"),
            ("get_index", ((("fs", 1), ("sda r", 2)), "sda"), "has no [sda]"),
            (
                "get_index",
                ((("fs", 1), ("sda r", 2)), "sda x"),
                "'sda x' is not a disk or path with r, w or nothing behind it",
            ),
            (
                "set_index",
                ((("fs", 1), ("sda r", 2)), "sda x", "1"),
                "'sda x' is not a disk or path with r, w or nothing behind it",
            ),
            ("set_index", ((("fs", 1), ("sda r", 2)), "sdb", "x"), "'sdb': not a number"),
            ("set_index", ((("fs", 1), ("sda r", 2)), "", "1"), "a key is empty"),
            ("native", (5.5,), "wants a whole number, not float"),
            ("native", (True,), "wants a whole number, not bool"),
            ("native", ("x",), "wants a mapping or text, not str"),
            (
                "native",
                ({"sda x": 1},),
                "'sda x' is not a disk or path with r, w or nothing behind it",
            ),
            ("native", (None,), "wants a mapping or text, not NoneType"),
        ],
    ),
    (
        EnvCodec(),
        [
            ("parse", ("A B=1",), "'A B' is not a name of a variable"),
            ("parse", ("=x",), "'' is not a name of a variable"),
            ("parse", ("A.B: 1",), "'A.B: 1' is not a name of a variable"),
            ("parse", ("a:b",), "'a:b' needs a blank after the colon, or = in its place"),
            ("parse", ("A:b",), "'A:b' needs a blank after the colon, or = in its place"),
            ("parse", ("  A : b",), "'A : b' is not a name of a variable"),
            ("get_index", ((("A", "1"), ("B", None)), "B"), "variable 'B' is not set"),
            ("get_index", ((("A", "1"), ("B", None)), "C"), "variable 'C' is not set"),
            (
                "get_index",
                ((("A", "1"), ("B", None)), LONG),
                "variable '" + "x" * 40 + "...' is not set",
            ),
            (
                "set_index",
                ((("A", "1"), ("B", None)), "A=B", "x"),
                "'A=B' is not a name of a variable",
            ),
            ("set_index", ((("A", "1"), ("B", None)), "A", "\x00"), "contains a NUL character"),
            ("set_index", ((("A", "1"), ("B", None)), "A\x00", "x"), "contains a NUL character"),
            ("set_index", ((("A", "1"), ("B", None)), "", "x"), "'' is not a name of a variable"),
            ("native", ([("A",)],), "wants pairs of name and value"),
            ("native", ([("A", "1", "2")],), "wants pairs of name and value"),
            ("native", ({"A": True},), "wants text, not bool; quote it"),
            ("native", ({"A=": "1"},), "'A=' is not a name of a variable"),
            ("native", ({"A:": None},), "'A:' needs a blank after the colon, or = in its place"),
            ("native", ({"A": "\x00"},), "contains a NUL character"),
            ("native", ("x",), "wants a mapping or text, not str"),
            ("native", ({"": "1"},), "'' is not a name of a variable"),
            ("native", ({"A\x00": "1"},), "contains a NUL character"),
        ],
    ),
    (
        LabelsCodec(),
        [
            (
                "parse",
                ("WEB.a: x y",),
                "the value of label WEB.a holds other characters than a-z A-Z 0-9 _ - @ : .",
                EError.InvalidLabel,
            ),
            ("parse", ("web.a: 1",), f"'web.a' {NO_LABEL}", EError.InvalidLabel),
            ("parse", ("W.a: 1",), f"'W.a' {NO_LABEL}", EError.InvalidLabel),
            (
                "parse",
                ("ABCDEFGHIJKLMNOPQ.a: 1",),
                f"'ABCDEFGHIJKLMNOPQ.a' {NO_LABEL}",
                EError.InvalidLabel,
            ),
            ("parse", ("PORTO.a: 1",), f"'PORTO.a' {NO_LABEL}", EError.InvalidLabel),
            ("parse", ("PORTOX.a: 1",), f"'PORTOX.a' {NO_LABEL}", EError.InvalidLabel),
            ("parse", ("AB.: 1",), f"'AB.' {NO_LABEL}", EError.InvalidLabel),
            (
                "parse",
                ("AB." + "x" * 126 + ": 1",),
                "a label name is longer than 128",
                EError.InvalidLabel,
            ),
            ("parse", ("WEB: 1",), f"'WEB' {NO_LABEL}", EError.InvalidLabel),
            ("parse", ("WEB.a",), "'WEB.a' is not of the form key: value"),
            ("get_index", ((("AB.a", "1"),), "AB.b"), "no label 'AB.b'", EError.LabelNotFound),
            (
                "set_index",
                ((("AB.a", "1"),), "AB.a", "x y"),
                "the value of label AB.a holds other characters than a-z A-Z 0-9 _ - @ : .",
                EError.InvalidLabel,
            ),
            (
                "set_index",
                ((("AB.a", "1"),), "ab.a", "1"),
                f"'ab.a' {NO_LABEL}",
                EError.InvalidLabel,
            ),
            ("native", ([("AB.a",)],), "wants pairs of name and value"),
            ("native", ([("AB.a", "1", "2")],), "wants pairs of name and value"),
            ("native", ({"AB.a": True},), "wants text, not bool; quote it"),
            ("native", ({"ab": "1"},), f"'ab' {NO_LABEL}", EError.InvalidLabel),
            ("native", ("x",), "wants a mapping or text, not str"),
        ],
    ),
    (
        UserName(),
        [
            ("parse", ("",), "the user is empty"),
            ("parse", ("no-such-one",), "no such user"),
            ("parse", ("4294967295",), "user id above 4294967294"),
            ("parse", ("root\x00",), "contains a NUL character"),
            ("parse", ("x" * 257,), "257 bytes are more than the limit of 256"),
            ("parse", ("-1",), "no such user"),
            ("parse", ("\u0661",), "no such user"),
        ],
    ),
    (
        UserName(registered=True),
        [
            ("parse", ("54321",), "no such user"),
            ("parse", ("4294967295",), "user id above 4294967294"),
        ],
    ),
    (
        UserName(),
        [
            ("native", (True,), "wants text, not bool; quote it"),
            ("native", (None,), "wants text, not NoneType; quote it"),
            ("native", (-1,), "no such user"),
            ("restore", ("x" * 257,), "257 bytes are more than the limit of 256"),
            ("restore", ("a\x00",), "contains a NUL character"),
        ],
    ),
    (
        GroupName(),
        [
            ("parse", ("",), "the group is empty"),
            ("parse", ("no-such-one",), "no such group"),
            ("parse", ("4294967295",), "group id above 4294967294"),
            ("parse", ("root\x00",), "contains a NUL character"),
            ("parse", ("x" * 257,), "257 bytes are more than the limit of 256"),
            ("parse", ("-1",), "no such group"),
            ("parse", ("\u0661",), "no such group"),
        ],
    ),
    (
        GroupName(registered=True),
        [
            ("parse", ("54321",), "no such group"),
            ("parse", ("4294967295",), "group id above 4294967294"),
        ],
    ),
    (
        GroupName(),
        [
            ("native", (True,), "wants text, not bool; quote it"),
            ("native", (None,), "wants text, not NoneType; quote it"),
            ("native", (-1,), "no such group"),
            ("restore", ("x" * 257,), "257 bytes are more than the limit of 256"),
            ("restore", ("a\x00",), "contains a NUL character"),
        ],
    ),
    (
        DevicesCodec(),
        [
            (
                "parse",
                ("/dev/null",),
                "'/dev/null' wants its access, and at most a name, mode, user and group",
            ),
            ("parse", ("null rw",), "'null' is not a normal absolute path"),
            ("parse", ("/dev/../x rw",), "'/dev/../x' is not a normal absolute path"),
            ("parse", ("//dev/x rw",), "'//dev/x' is not a normal absolute path"),
            ("parse", ("/dev/null x",), "access 'x' to '/dev/null' is not of rwm-*?"),
            ("parse", ("/dev/null ?",), "access '?' to '/dev/null' has none of r, w, m and -"),
            ("parse", ("/dev/null rw /etc/x",), "node '/etc/x' is not inside /dev"),
            ("parse", ("/dev/null rw ../x",), "'/dev/../x' is not a normal absolute path"),
            ("parse", ("/dev/null rw x 999",), "mode '999' is not octal or above 0777"),
            ("parse", ("/dev/null rw x 1000",), "mode '1000' is not octal or above 0777"),
            ("parse", ("/dev/null rw x 000000777",), "mode '000000777' is not octal or above 0777"),
            ("parse", ("/dev/null rw x 666 no-such",), "user 'no-such': no such user"),
            ("parse", ("/dev/null rw x 666 root no-such",), "group 'no-such': no such group"),
            (
                "parse",
                ("/dev/null rw x 666 root root y",),
                "'/dev/null' wants its access, and at most a name, mode, user and group",
            ),
            ("parse", ("preset",), "a preset wants one name"),
            ("parse", ("preset a b",), "a preset wants one name"),
            ("parse", ("/dev/null *",), "access '*' to '/dev/null' has none of r, w, m and -"),
            (
                "parse",
                ("/dev/" + "x" * 4091 + " rw",),
                "'/dev/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is too long",
            ),
            ("parse", ("/dev/null rw .",), "'/dev/.' is not a normal absolute path"),
            ("get_index", (LISTED, "/dev/x"), "device '/dev/x' is not listed"),
            ("get_index", (LISTED, LONG), "device '" + "x" * 40 + "...' is not listed"),
            ("set_index", (LISTED[:2], "/dev/z", "rw; r"), "wants one item for one device"),
            ("set_index", (LISTED[:2], "z", "rw"), "'z' is not a normal absolute path"),
            ("set_index", (LISTED[:2], "/dev/\x00", "rw"), "contains a NUL character"),
            ("set_index", (LISTED[:2], "/dev/z", " ; "), "wants one item for one device"),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "user": "root", "path": "x"}],),
                "'/dev/null': mode is missing",
            ),
            (
                "native",
                ([{"device": "/dev/null"}],),
                "'/dev/null' wants its access, and at most a name, mode, user and group",
            ),
            ("native", ([{"access": "r"}],), "'': device is missing"),
            ("native", ([{}],), "an item is empty"),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "color": 1}],),
                "unknown key 'color'",
            ),
            (
                "native",
                ([["/dev/null", "rw", "x", 1, "root", "root", "y"]],),
                "an item has at most 6 words",
            ),
            (
                "native",
                (["/dev/null rw; /dev/zero r"],),
                "'/dev/null rw; /dev/zero r' is not one item",
            ),
            ("native", ([""],), "'' is not one item"),
            ("native", ([7],), "an item is a text, a mapping or a list, not int"),
            ("native", (7,), "wants a list or text, not int"),
            ("native", ("x",), "wants a list or text, not str"),
            ("native", (None,), "wants a list or text, not NoneType"),
            ("native", ({"/dev/null": "rw; r"},), "'rw; r' is not one item"),
            ("native", ({"/dev/null": 7},), "access '7' to '/dev/null' is not of rwm-*?"),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "mode": 512}],),
                "mode 'out of range' is not octal or above 0777",
            ),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "mode": -1}],),
                "mode 'out of range' is not octal or above 0777",
            ),
            (
                "native",
                ([{"device": "/dev/null", "access": "rw", "mode": True}],),
                "wants text, not bool; quote it",
            ),
            ("native", ([["/dev/\x00", "rw"]],), "contains a NUL character"),
            ("native", ([[]],), "an item is empty"),
        ],
    ),
]
"""(method, arguments, reason), and the code where it is not InvalidValue, by codec."""

SCHEMAS: list[tuple[Codec[Any], dict[str, Any]]] = [
    (Bool(), {"type": "boolean"}),
    (Int(minimum=-5, maximum=5), {"type": "integer", "minimum": -5, "maximum": 5}),
    (Octal(), {"type": "integer", "minimum": 0, "maximum": 4294967295}),
    (Size(), {"type": "integer", "minimum": 0, "maximum": UINT64_MAX}),
    (OptionalSize(), {"type": ["integer", "null"], "minimum": 0, "maximum": UINT64_MAX}),
    (Text(), {"type": "string"}),
    (Word("a", "true", aliases={"b": "a"}), {"enum": ["a", "true", "b", True]}),
    (Word("a", "false", "true"), {"enum": ["a", "false", "true", False, True]}),
    (ArgvCodec(), {"type": "array", "items": {"type": ["string", "integer"]}}),
    (TextMapCodec(), {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}),
    (Seconds(), {"type": "integer", "minimum": 0, "maximum": UINT64_MAX}),
    (Duration(), {"type": "integer", "minimum": 0, "maximum": UINT64_MAX}),
    (Date(), {"type": "number"}),
    (
        UintMapCodec(),
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": UINT64_MAX},
                    {"type": "string"},
                ]
            },
        },
    ),
    (
        UlimitCodec(),
        {
            "type": "object",
            "propertyNames": {
                "enum": [
                    "as",
                    "core",
                    "cpu",
                    "data",
                    "fsize",
                    "locks",
                    "memlock",
                    "msgqueue",
                    "nice",
                    "nofile",
                    "nproc",
                    "rss",
                    "rtprio",
                    "rttime",
                    "sigpending",
                    "stack",
                ]
            },
            "additionalProperties": {
                "anyOf": [
                    {"type": ["string", "integer"]},
                    {
                        "type": "array",
                        "items": {"type": ["string", "integer"]},
                        "minItems": 1,
                        "maxItems": 2,
                    },
                ]
            },
        },
    ),
    (Weight(), {"type": "number", "minimum": 0.01, "maximum": 100.0}),
    (CpuPower(), {"type": "number", "minimum": 0}),
    (Period(), {"type": "integer", "minimum": 1000000, "maximum": 1000000000}),
    (
        ControllersCodec(),
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "enum": [
                            "freezer",
                            "memory",
                            "cpu",
                            "cpuacct",
                            "net_cls",
                            "blkio",
                            "devices",
                            "hugetlb",
                            "cpuset",
                            "pids",
                            "perf_event",
                            "systemd",
                            "cgroup2",
                            "net_prio",
                        ]
                    },
                },
                {
                    "type": "object",
                    "propertyNames": {
                        "enum": [
                            "freezer",
                            "memory",
                            "cpu",
                            "cpuacct",
                            "net_cls",
                            "blkio",
                            "devices",
                            "hugetlb",
                            "cpuset",
                            "pids",
                            "perf_event",
                            "systemd",
                            "cgroup2",
                            "net_prio",
                        ]
                    },
                    "additionalProperties": {"type": "boolean"},
                },
            ]
        },
    ),
    (
        CpuSetCodec(),
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 65535},
                {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 65535}},
                {
                    "type": "object",
                    "propertyNames": {"enum": ["node", "cores", "threads", "reserve"]},
                    "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 65535},
                    "maxProperties": 1,
                },
            ]
        },
    ),
    (CpuListCodec(), {"type": "string"}),
    (
        DiskLimits(),
        {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": {
                        "anyOf": [
                            {"type": "integer", "minimum": 0, "maximum": UINT64_MAX},
                            {"type": "string"},
                        ]
                    },
                },
                {"type": "integer", "minimum": 0, "maximum": UINT64_MAX},
            ]
        },
    ),
    (
        EnvCodec(),
        {"type": "object", "additionalProperties": {"type": ["string", "integer", "null"]}},
    ),
    (
        LabelsCodec(),
        {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Z]{2,16}\\.[a-zA-Z0-9_\\-@:.]+$", "maxLength": 128},
            "additionalProperties": {"type": ["string", "integer"]},
        },
    ),
    (UserName(), {"type": ["string", "integer"]}),
    (GroupName(), {"type": ["string", "integer"]}),
    (
        DevicesCodec(),
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"type": "string"},
                            {
                                "type": "object",
                                "properties": {
                                    "device": {"type": "string"},
                                    "access": {"type": "string"},
                                    "path": {"type": "string"},
                                    "mode": {"type": ["string", "integer"]},
                                    "user": {"type": ["string", "integer"]},
                                    "group": {"type": ["string", "integer"]},
                                },
                                "required": ["device", "access"],
                                "additionalProperties": False,
                            },
                        ]
                    },
                },
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        },
    ),
]


def named(value: object) -> str | None:
    return type(value).__name__ if isinstance(value, Codec) else None


def each(table: list[tuple[Codec[Any], list[Any]]]) -> Iterator[Any]:
    """One parameter a row: the codec and what stands in the row."""
    for codec, rows in table:
        for row in rows:
            yield pytest.param(codec, *row[:2], row[2:], id=f"{named(codec)}-{row[0]}")


@pytest.mark.parametrize(("codec", "method", "arguments", "rest"), list(each(VALUES)))
def test_values(codec: Codec[Any], method: str, arguments: tuple[Any, ...], rest: Any) -> None:
    (expected,) = rest
    found = getattr(codec, method)(*arguments)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("codec", "method", "arguments", "rest"), list(each(REFUSALS)))
def test_refusals(codec: Codec[Any], method: str, arguments: tuple[Any, ...], rest: Any) -> None:
    reason, code = (*rest, EError.InvalidValue)[:2]
    with pytest.raises(Rejected) as caught:
        getattr(codec, method)(*arguments)
    assert (caught.value.reason, caught.value.code) == (reason, code)


@pytest.mark.parametrize(("codec", "schema"), SCHEMAS, ids=named)
def test_schemas(codec: Codec[Any], schema: dict[str, Any]) -> None:
    """As JSON: what an editor is told about a document."""
    assert codec.native_schema() == schema


def test_per_cent_are_of_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porto.spec.codecs.power.configured_cores", lambda: 4)
    assert CpuPower().parse("50") == 2 * 10**9
    assert CpuPower().parse("0.5") == 2 * 10**7
    assert CpuPower().native(25) == 10**9
    assert CpuPower().native(12.5) == 5 * 10**8


@pytest.mark.parametrize(
    ("codec", "text", "more", "message"),
    [
        (LabelsCodec(), "; ".join(f"AB.a{n}: 1" for n in range(100)), "; AB.b: 1", "100 labels"),
        (DiskLimits(), "; ".join(f"d{n}: 1" for n in range(256)), "; e: 1", "256 limits"),
        (DevicesCodec(), "/dev/null r;" * 512, "/dev/null r", "512 items"),
    ],
    ids=named,
)
def test_how_many_there_may_be(codec: Codec[Any], text: str, more: str, message: str) -> None:
    assert len(codec.parse(text)) == int(message.split()[0])
    with pytest.raises(Rejected) as caught:
        codec.parse(text + more)
    assert caught.value.reason == f"more than {message}"


def test_the_longest_value_of_a_label() -> None:
    longest = "x" * (64 << 10)
    assert LabelsCodec().set_index((), "AB.a", longest) == (("AB.a", longest),)
    with pytest.raises(Rejected) as caught:
        LabelsCodec().set_index((), "AB.a", longest + "x")
    assert caught.value.reason == "the value of label AB.a is longer than 65536"
    assert caught.value.code is EError.InvalidLabel


def test_a_date_is_local_time() -> None:
    codec = Date()
    assert codec.format(codec.parse("2024-02-29 12:30:15")) == "2024-02-29 12:30:15"
    assert codec.parse("2024-02-29 12:30:15") - codec.parse("2024-02-29 12:30:00") == 15
