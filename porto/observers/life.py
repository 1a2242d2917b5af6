"""Readers of state, exit and times.

Merged by `readers.py`. Manual section "State". What must outlive the daemon is in the
record's status; the main task's pid is looked up in the viewer's pid namespace.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping

from porto.observers.sources import (
    Computed,
    Reader,
    RootReader,
    Sources,
    plain,
    plain_root,
    refuse_index,
)
from porto.observers.viewer import Viewer
from porto.spec.codecs import Date
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import ContainerStatus, State
from porto.spec.errors import InvalidState, InvalidValue, Permission
from porto.spec.prop import Rejected

OOM_CODE = -99
ROOT_STATE = "meta"
_DATE = Date()


def exit_code(status: int, *, oom_killed: bool) -> int:
    """The property exit_code of a raw wait status."""
    if oom_killed:
        return OOM_CODE
    return os.waitstatus_to_exitcode(status)


def _exit_status(record: ContainerRecord, name: str) -> int:
    status = record.status
    if status.life.exit_status is not None:
        return status.life.exit_status
    if status.oom.oom_killed:
        return signal.SIGKILL
    if status.life.state is not State.DEAD:
        raise InvalidState(f"cannot get {name} of {record.name}: the container is not dead")
    raise InvalidState(f"cannot get {name} of {record.name}: nobody saw its main process end")


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _root_pid(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
    refuse_index("root_pid", index, record.name)
    process = record.status.life.process
    pid, start = (0, 0) if process is None else (process.task_pid, process.task_start)
    if process is not None and not pid:
        pid, start = process.init_pid, process.init_start
    if not pid or not sources.kernel.processes.is_alive(pid, start):
        raise InvalidState(f"cannot get root_pid of {record.name}: it has no main process")
    try:
        seen = sources.kernel.processes.ns_pid(pid, viewer.pid)
    except ProcessLookupError as error:
        raise InvalidState(
            f"cannot get root_pid of {record.name}: its main process has just ended"
        ) from error
    if seen is None:
        raise Permission(
            f"cannot get root_pid of {record.name}: the client's pid namespace does not see it"
        )
    return str(seen)


def _time(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
    status = record.status
    if index is not None:
        if index != "dead":
            raise InvalidValue(f"cannot get time[{index}] of {record.name}: only [dead] is known")
        if status.life.state is not State.DEAD:
            raise InvalidState(f"cannot get time[dead] of {record.name}: it is not dead")
        return str(max(int(sources.clock.mono() - status.life.death_mono), 0))
    if status.life.state is State.STOPPED or not status.life.start_mono:
        return "0"
    ended = status.life.state in (State.DEAD, State.RESPAWNING) and status.life.death_mono
    end = status.life.death_mono if ended else sources.clock.mono()
    return str(max(int(end - status.life.start_mono), 0))


def _date(name: str, moment: Callable[[ContainerStatus], float]) -> Reader:
    def read(sources: Sources, record: ContainerRecord, index: str | None, viewer: Viewer) -> str:
        value = moment(record.status)
        if index is None:
            return _DATE.format(value)
        try:
            return _DATE.get_index(value, index)
        except Rejected as refusal:
            raise InvalidValue(
                f"cannot get {name}[{index}] of {record.name}: {refusal.reason}"
            ) from refusal

    return read


def _root_date(name: str) -> RootReader:
    def read(sources: Sources, index: str | None, viewer: Viewer) -> str:
        booted = time.time() - sources.kernel.processes.uptime()
        if index is None:
            return _DATE.format(booted)
        if index == "raw":
            return str(int(booted))
        raise InvalidValue(f"cannot get {name}[{index}] of /: only [raw] is known")

    return read


def _root_time(sources: Sources, index: str | None, viewer: Viewer) -> str:
    if index == "dead":
        raise InvalidState("cannot get time[dead] of /: the host is not dead")
    refuse_index("time", index)
    return str(int(sources.kernel.processes.uptime()))


READERS: Mapping[str, Reader] = {
    "state": plain("state", lambda _, record: record.status.life.state.value),
    "exit_status": plain("exit_status", lambda _, record: str(_exit_status(record, "exit_status"))),
    "exit_code": plain(
        "exit_code",
        lambda _, record: str(
            exit_code(_exit_status(record, "exit_code"), oom_killed=record.status.oom.oom_killed)
        ),
    ),
    "core_dumped": plain(
        "core_dumped",
        lambda _, record: _bool(os.WCOREDUMP(_exit_status(record, "core_dumped"))),
    ),
    "start_error": plain("start_error", lambda _, record: record.status.life.start_error),
    "respawn_count": plain(
        "respawn_count", lambda _, record: str(record.status.life.respawn_count)
    ),
    "root_pid": _root_pid,
    "time": _time,
    "creation_time": _date("creation_time", lambda status: status.creation_time),
    "start_time": _date("start_time", lambda status: status.life.start_time),
    "death_time": _date("death_time", lambda status: status.life.death_time),
    "change_time": _date("change_time", lambda status: status.change_time),
}


def _not_dead(name: str) -> RootReader:
    def read(sources: Sources, index: str | None, viewer: Viewer) -> str:
        raise InvalidState(f"cannot get {name} of /: the host is not dead")

    return read


ROOT_READERS: Mapping[str, RootReader] = {
    "state": plain_root("state", lambda _: ROOT_STATE),
    "start_error": plain_root("start_error", lambda _: ""),
    "respawn_count": plain_root("respawn_count", lambda _: "0"),
    "root_pid": plain_root("root_pid", lambda _: "1"),
    "time": _root_time,
    "creation_time": _root_date("creation_time"),
    "start_time": _root_date("start_time"),
    "change_time": _root_date("change_time"),
    **{name: _not_dead(name) for name in ("exit_status", "exit_code", "core_dumped", "death_time")},
}

COMPUTED: Mapping[str, Computed] = {}
