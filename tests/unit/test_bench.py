"""The benchmark's own arithmetic, and that its hand-made frames are the protocol's."""

import json

import pytest

from porto.wire import rpc_pb2
from tests.bench import wire
from tests.bench.figures import Report, Row, line, percentile


def unframed(frame: bytes) -> rpc_pb2.TContainerRequest:
    size, start = wire.read_varint(frame, 0)
    assert len(frame) == start + size
    return rpc_pb2.TContainerRequest.FromString(frame[start:])


def test_a_request_by_hand_is_what_protobuf_reads() -> None:
    frame = wire.request(wire.SET_PROPERTY, (1, "a" * 200), (2, "private"), (3, "x" * 300))
    asked = unframed(frame).setProperty
    assert (asked.name, asked.property, asked.value) == ("a" * 200, "private", "x" * 300)


def test_a_get_names_everything_asked_for() -> None:
    asked = unframed(wire.get_request(["a", "b"], ["state"])).get
    assert (list(asked.name), list(asked.variable)) == (["a", "b"], ["state"])


def test_a_reply_is_taken_apart_as_protobuf_wrote_it() -> None:
    reply = rpc_pb2.TContainerResponse(error=0, errorMsg="", timestamp=1 << 40)
    reply.list.name.extend(["first", "second"])
    listing = wire.part(reply.SerializeToString(), wire.REPLY_LIST)
    assert wire.texts(listing, 1) == ["first", "second"]


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, (1 << 64) - 1])
def test_varints_come_back(value: int) -> None:
    assert wire.read_varint(wire.varint(value), 0) == (value, len(wire.varint(value)))


def test_an_unfinished_varint_asks_for_more() -> None:
    with pytest.raises(IndexError):
        wire.read_varint(b"\x80\x80", 0)


def test_percentile_is_a_sample_near_the_end() -> None:
    assert percentile([float(n) for n in range(100)], 99) == 99.0
    assert percentile([5.0], 99) == 5.0


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [(5.0, False, "ok"), (5.1, False, "OVER"), (5.0, True, "ok"), (4.9, True, "UNDER")],
)
def test_a_row_knows_whether_it_is_within_its_budget(
    value: float, at_least: bool, verdict: str
) -> None:
    assert Row("r", value, "ms", 5.0, at_least=at_least).verdict == verdict


def test_a_report_can_be_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.add(Row("r", 3.0, "ms", 5.0, floor=2.0))
    report.lack("group", "because")
    read = json.loads(report.as_json({"cpus": 2}))
    assert read["rows"][0]["ratio"] == 1.5
    assert read["missing"] == [{"group": "group", "why": "because"}]
    assert "1.5" in line(report.rows[0])
    assert "because" in capsys.readouterr().out
