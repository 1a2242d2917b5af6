"""What passes of containers do to the world: effects, as values.

Each is a system call or two through the ports, or a note in the records. Facets have more
of their own, in their files.
"""

from dataclasses import dataclass

from porto.kernel.cgroup.group import Group
from porto.reconcilers.containers.memory import Await
from porto.reconcilers.containers.target import Fields
from porto.reconcilers.ports import Ports
from porto.spec.containers.record import ContainerRecord
from porto.spec.key import Key


@dataclass(frozen=True, slots=True)
class WriteKnob:
    """Write one knob of a group's own directory."""

    group: Group
    controller: str
    knob: str
    text: str

    def carry(self, ports: Ports) -> None:
        """One write(2)."""
        ports.cgroups.write(self.group, self.controller, self.knob, self.text)


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL everything in the subtree; its end brings the key back."""

    key: Key
    group: Group

    def carry(self, ports: Ports) -> None:
        """Thaws what is frozen, too."""
        ports.cgroups.kill(self.group)
        ports.vacancies.watch(self.key, self.group)


@dataclass(frozen=True, slots=True)
class Signal:
    """Signal one process; one that is gone is fine."""

    pid: int
    start: int
    signo: int

    def carry(self, ports: Ports) -> None:
        """By pidfd."""
        ports.processes.send_signal(self.pid, self.start, self.signo)


@dataclass(frozen=True, slots=True)
class Freeze:
    """Ask for the freeze of the subtree, or take that back."""

    group: Group
    frozen: bool

    def carry(self, ports: Ports) -> None:
        """It is complete when the freezer says so."""
        if self.frozen:
            ports.cgroups.freeze(self.group)
        else:
            ports.cgroups.thaw(self.group)


@dataclass(frozen=True, slots=True)
class DropLaunch:
    """A launch that nobody wants any more."""

    launch_id: str

    def carry(self, ports: Ports) -> None:
        """In its setup it is killed by the master."""
        ports.launches.drop(self.launch_id)


@dataclass(frozen=True, slots=True)
class ForgetLaunch:
    """The record does not need the outcome and the exit of this launch any more."""

    launch_id: str

    def carry(self, ports: Ports) -> None:
        """After what it told is durable."""
        ports.launches.take(self.launch_id)
        ports.exits.acknowledge(self.launch_id)


@dataclass(frozen=True, slots=True)
class TakeLaunch:
    """The outcome of a launch is written down; its exit is still to come."""

    launch_id: str

    def carry(self, ports: Ports) -> None:
        """Nobody asks for it again."""
        ports.launches.take(self.launch_id)


@dataclass(frozen=True)
class Note:
    """Write down what was found and made."""

    key: Key
    fields: Fields

    def carry(self, ports: Ports) -> None:
        """Only these fields: others may have written meanwhile."""
        ports.records.note(self.key, **self.fields)


@dataclass(frozen=True, slots=True)
class Wish:
    """Replace the desired state: a start that is taken back, a respawn, an end of old age."""

    record: ContainerRecord

    def carry(self, ports: Ports) -> None:
        """Durable; somebody else's change in between is kept."""
        ports.records.put(self.record)


@dataclass(frozen=True, slots=True)
class Delete:
    """Forget the container."""

    key: Key

    def carry(self, ports: Ports) -> None:
        """The name is free then."""
        ports.records.delete(self.key)


@dataclass(frozen=True, slots=True)
class Count:
    """Count something in the daemon's statistics."""

    name: str

    def carry(self, ports: Ports) -> None:
        """One more."""
        ports.counters.add(self.name)


BOOKKEEPING = (ForgetLaunch, TakeLaunch, Note, Wish, Delete, Count, Await)
"""Effects on what the daemon itself keeps: the records' changes tell of them."""
