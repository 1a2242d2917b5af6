"""Processes of containers that somebody moved out of their cgroups.

The kernel tells nobody about such a move, so the processes of the host are looked at in
turn, a slice at each tick of the resync. Asked by `facets/tree.py`, which looks
again and puts them back. Three kinds are known for certain: the process that a container
was started with, anywhere else; a process in a container's freezer group (its unified
group) that is elsewhere in another hierarchy; and one in no container at all that lives
in a container's own pid namespace. man 7 cgroups.
"""

from collections.abc import Callable, Iterable

from porto.kernel.cgroup.driver import CgroupDriver
from porto.kernel.cgroup.group import Group
from porto.kernel.ports import Processes
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import STARTED
from porto.spec.containers.store import ContainerStore
from porto.spec.key import Key

DEPTH_MAX = 4096
"""Of a line of ancestors; a longer one is not followed."""
KNOWN_MAX = 16384


class Strays:
    """Misplaced processes, by container id."""

    def __init__(
        self,
        store: ContainerStore,
        driver: CgroupDriver,
        group: Callable[[str], Group],
        processes: Processes,
    ) -> None:
        """`group` gives the cgroups of a container by its name."""
        self._processes = processes
        self._store = store
        self._driver = driver
        self._group = group
        self._found: dict[int, dict[int, int]] = {}
        self._mains: dict[int, int] = {}
        self._namespaces: dict[str, int] = {}
        self._links: dict[str, str] = {}
        self._homes: dict[bytes, tuple[str, Group]] = {}
        self._pending: list[int] = []
        self._total = 0

    def of(self, record_id: int) -> list[int]:
        """Pids that were seen elsewhere in this round and live; perhaps moved back since."""
        found = self._found.get(record_id)
        if not found:
            return []
        # A pid that another process has got since is nobody's stray.
        return [pid for pid, start in found.items() if self._processes.is_alive(pid, start)]

    def forget(self, record_id: int) -> None:
        """The container's groups go: nothing belongs there any more."""
        self._found.pop(record_id, None)

    def look(self, share: float) -> set[Key]:
        """Look at this share (0..1) of the host's processes; keys of containers with strays."""
        if not self._pending:
            # Who still is elsewhere is found again.
            self._found.clear()
            self._pending = self._processes.host_pids()
            self._total = len(self._pending)
            self._survey()
        count = max(1, int(self._total * share + 1))
        part, self._pending = self._pending[:count], self._pending[count:]
        return {Key(ContainerRecord.kind, owner) for owner in self._misplaced(part)}

    def _misplaced(self, pids: Iterable[int]) -> set[int]:
        found: set[int] = set()
        for pid in pids:
            try:
                text = self._driver.membership(pid)
                main = self._main(pid)
                if self._is_known_home(text, main):
                    continue
                owner, home = self._judge(text)
                if main is not None:
                    owner, home = main.id, home and owner == main.id
                elif owner is None:
                    owner = self._by_namespace(pid)
                if owner is None or home:
                    continue
                self._found.setdefault(owner, {})[pid] = self._processes.start_time(pid)
            except OSError:
                continue
            found.add(owner)
        return found

    def _main(self, pid: int) -> ContainerRecord | None:
        """The started container whose first process this is."""
        owner = self._mains.get(pid)
        record = None if owner is None else self._store.find_id(owner)
        if record is None or record.status.life.state not in STARTED:
            return None
        process = record.status.life.process
        return record if process and pid in (process.init_pid, process.task_pid) else None

    def _is_known_home(self, text: bytes, main: ContainerRecord | None) -> bool:
        """Whether this was found to be the place of a container, which is still there.

        A container's first process is at home only in its own.
        """
        known = self._homes.get(text)
        if known is None:
            return False
        name, group = known
        if main is not None and main.name != name:
            return False
        # The same object as long as the container's controllers are the same.
        return self._store.find(name) is not None and self._group(name) is group

    def _judge(self, text: bytes) -> tuple[int | None, bool]:
        """Whose process has this membership, and whether it is where it belongs."""
        name = self._driver.name_in(text)
        if name is None:
            return None, False
        record = self._store.find(name)
        if record is None or record.status.life.state not in STARTED:
            # Being started, or left over: not ours to judge.
            return None, True
        group = self._group(name)
        home = self._driver.is_home(group, text)
        if home:
            if len(self._homes) >= KNOWN_MAX:
                self._homes.clear()
            self._homes[text] = name, group
        return record.id, home

    def _survey(self) -> None:
        """First processes, and pid namespaces by the link that shows them, of containers."""
        host = self._processes.pid_namespace("self")
        links, self._links, self._namespaces = self._links, {}, {}
        self._mains = {}
        for record in self._store.records():
            process = record.status.life.process
            if process is None:
                continue
            for pid in {process.init_pid, process.task_pid} - {0}:
                self._mains[pid] = record.id
            if not record.spec.process.isolate:
                continue
            link = links.get(process.launch_id, "")
            try:
                link = link or self._processes.pid_namespace(process.init_pid)
            except OSError:
                continue
            self._links[process.launch_id] = link
            if link != host:
                self._namespaces.setdefault(link, record.id)

    def _by_namespace(self, pid: int) -> int | None:
        """The container in whose own pid namespace a process was born.

        One that came from outside (nsenter) has an ancestor out there, and is not its.
        """
        if not self._namespaces:
            return None
        link = self._processes.pid_namespace(pid)
        owner = self._namespaces.get(link)
        if owner is None:
            return None
        record = self._store.find_id(owner)
        init = record.status.life.process.init_pid if record and record.status.life.process else 0
        for _ in range(DEPTH_MAX):
            stat = self._processes.read_stat(pid)
            if pid == init:
                return owner
            if stat.has_ended or self._processes.pid_namespace(pid) != link:
                return None
            pid = stat.parent
        return None
