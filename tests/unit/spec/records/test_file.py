"""The stored form of containers: one text that every release of version 1 can read."""

import json
import zlib

from porto.spec.containers.intent import Client, ContainerIntent
from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import ContainerStatus, Process, State
from porto.spec.errors import EError
from porto.spec.records.file import RecordCodec
from porto.spec.records.record import Run
from porto.spec.records.status import Condition

STORED = (
    b"porto-record 1 503c3925\n"
    b'{"id":17,"name":"a/b","generation":9,"spec":{"command":"sleep 1000","labels":"AB.c: d",'
    b'"memory_limit":"1073741824"},"origins":{"command":"file:/etc/a.CT:2"},'
    b'"source":"/etc/a.CT","intent":{"run":"running","paused":true,"launch":3,"kill_at":12.5,'
    b'"origin":"file:/etc/a.CT","client":{"pid":7,"start":8,"uid":1000,"gid":1001,'
    b'"groups":[4,5]}},"status":{"state":"paused","launched":3,"controllers":"cpu;memory",'
    b'"process":{"launch_id":"17:3","init_pid":100,"init_start":200,"task_pid":101,'
    b'"task_start":201,"task_vpid":2},"oom_killed":true,"oom_before":4,"oom_kills_before":5,'
    b'"creation_time":1.5,"change_time":2.5,"start_time":3.5,"start_mono":4.5,'
    b'"respawn_count":6,"start_error":"why","start_error_code":7,"stdout_offset":10,'
    b'"stderr_offset":11,"observed_generation":9,"conditions":[{"kind":"Stuck",'
    b'"facet":"memory","message":"no","code":15}]}}'
)


def record() -> ContainerRecord:
    """The container that `STORED` holds."""
    spec = DEFAULT_SPEC
    for name, value in (
        ("command", "sleep 1000"),
        ("memory_limit", 1 << 30),
        ("labels", (("AB.c", "d"),)),
    ):
        spec = spec.with_value(find_property(name), value)
    return ContainerRecord(
        id=17,
        name="a/b",
        spec=spec,
        intent=ContainerIntent(
            run=Run.RUNNING,
            origin="file:/etc/a.CT",
            paused=True,
            launch=3,
            kill_at=12.5,
            client=Client(7, 8, 1000, 1001, (4, 5)),
        ),
        status=ContainerStatus().changed(
            state=State.PAUSED,
            launched=3,
            controllers="cpu;memory",
            process=Process("17:3", 100, 200, 101, 201, 2),
            oom_killed=True,
            oom_before=4,
            oom_kills_before=5,
            creation_time=1.5,
            change_time=2.5,
            start_time=3.5,
            start_mono=4.5,
            respawn_count=6,
            start_error="why",
            start_error_code=EError(7),
            stdout_offset=10,
            stderr_offset=11,
            observed_generation=9,
            conditions=(Condition("Stuck", "memory", "no", EError(15)),),
        ),
        generation=9,
        origins={"command": "file:/etc/a.CT:2"},
        source="/etc/a.CT",
    )


def test_a_record_of_an_earlier_release_means_the_same() -> None:
    skipped: list[str] = []
    found = RecordCodec(CONTAINER).decode(STORED, skipped)
    assert found == record()
    assert skipped == []
    assert isinstance(found.status.life.state, State)
    assert found.intent.client is not None
    assert isinstance(found.intent.client.groups, tuple)


def test_an_earlier_release_reads_what_is_written_now() -> None:
    head, _, body = RecordCodec(CONTAINER).encode(record()).partition(b"\n")
    assert head == b"porto-record 1 %08x" % zlib.crc32(body)
    assert json.loads(body) == json.loads(STORED.partition(b"\n")[2])


def test_what_has_its_default_is_not_stored() -> None:
    plain = ContainerRecord(id=4, name="a", spec=DEFAULT_SPEC)
    body = json.loads(RecordCodec(CONTAINER).encode(plain).partition(b"\n")[2])
    assert (body["spec"], body["intent"], body["status"]) == ({}, {}, {})


def test_unknown_parts_of_every_level_are_told() -> None:
    body = STORED.partition(b"\n")[2]
    for where in (b'"intent":{', b'"client":{', b'"status":{', b'"process":{', b'"conditions":[{'):
        body = body.replace(where, where + b'"new":1,')
    skipped: list[str] = []
    data = b"porto-record 1 %08x\n%s" % (zlib.crc32(body), body)
    assert RecordCodec(CONTAINER).decode(data, skipped) == record()
    assert sorted(skipped) == [
        "client.new",
        "condition.new",
        "intent.new",
        "process.new",
        "status.new",
    ]
