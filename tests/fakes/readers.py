"""Readers that know what the record says, and nothing of a kernel."""

from contextlib import AbstractContextManager, nullcontext

from porto.observers.viewer import Viewer
from porto.spec.containers.names import level
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import InvalidProperty, InvalidState
from porto.spec.prop import Property, check_readable


class FakeReaders:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {"stdout": "out", "stderr": "", "root_pid": "77"}
        self.crash = ""

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def read(
        self, record: ContainerRecord, prop: Property, index: str | None, viewer: Viewer
    ) -> str:
        if prop.name == self.crash:
            raise RuntimeError("broken reader")
        check_readable(prop, record.name, record.status.life.state)
        status = record.status
        match prop.name:
            case "state":
                return str(status.life.state)
            case "absolute_name":
                return f"/porto/{record.name}"
            case "id":
                return str(record.id)
            case "level":
                return str(level(record.name))
            case "creation_time" | "change_time" if index == "raw":
                return str(int(getattr(status, prop.name)))
            case "exit_status":
                return str(status.life.exit_status)
            case "start_error":
                return status.life.start_error
            case "respawn_count":
                return str(status.life.respawn_count)
            case "porto_stat":
                return "clients: 1; spawned: 2"
        return self.texts.get(prop.name, "0")

    def read_root(self, prop: Property, index: str | None, viewer: Viewer) -> str:
        return "meta" if prop.name == "state" else f"root {prop.name}"

    def read_spec(self, record: ContainerRecord, prop: Property, index: str | None) -> str:
        if prop.name == "cwd":
            return record.spec.process.cwd or f"/place/porto/{record.name}"
        return prop.codec.format(record.spec.value(prop))

    def read_knob(self, record: ContainerRecord, name: str) -> str:
        if record.status.life.state is State.STOPPED:
            raise InvalidState(f"cannot get {name} of {record.name}: the container is stopped")
        if name != "pids.max":
            raise InvalidProperty(f"cannot get {name} of {record.name}: no such knob")
        return "max\n"

    def read_root_knob(self, name: str) -> str:
        return "root max\n"
