"""Who a client is and what it may do.

Called by `conversation.py` when a client connects and before each request, and by the
handlers for each object they touch. Manual section "Security".

Two credentials are kept: the *task* credential, who really connected, and the
*effective* one, whose rights count: the task's on the host, the owner's of the
container for a client inside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from porto.api.names import View
from porto.api.users import Cred, Users
from porto.kernel.process import processes
from porto.observers.viewer import Viewer
from porto.spec.accounts import control_groups, may_run
from porto.spec.containers import effective
from porto.spec.containers.intent import Client
from porto.spec.containers.names import ROOT, is_below
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import ContainerDoesNotExist, InvalidValue, Permission

PORTO_GROUP = "porto"


class Level(IntEnum):
    """Access levels of enable_porto, in the order in which they are compared."""

    NONE = 0
    READ_ISOLATE = 1
    READ_ONLY = 2
    ISOLATE = 3
    SELF_ISOLATE = 4
    CHILD_ONLY = 5
    FULL = 6


LEVELS = {
    "false": Level.NONE,
    "read-isolate": Level.READ_ISOLATE,
    "read-only": Level.READ_ONLY,
    "isolate": Level.ISOLATE,
    "self-isolate": Level.SELF_ISOLATE,
    "child-only": Level.CHILD_ONLY,
    "true": Level.FULL,
}
_SERVED_STATES = (State.STARTING, State.RUNNING, State.STOPPING, State.META)


@dataclass(frozen=True, slots=True)
class Caller:
    """An identified client.

    task, cred -- the task's and the effective credential
    start      -- start time of the process in clock ticks since boot
    writer     -- may change anything at all
    writes     -- namespace it may write to
    basis      -- the records that decided this; when one is replaced, identify again
    """

    pid: int
    start: int
    task: Cred
    cred: Cred
    level: Level
    superuser: bool
    writer: bool
    view: View
    writes: str
    viewer: Viewer
    basis: tuple[ContainerRecord, ...]

    @property
    def container(self) -> str:
        """Full name of the client's container, `ROOT` for the host."""
        return self.view.container

    def as_client(self) -> Client:
        """The form in which a start remembers whose descriptors it may take."""
        return Client(
            pid=self.pid,
            start=self.start,
            uid=self.task.uid,
            gid=self.task.gid,
            groups=tuple(sorted(self.task.groups)),
        )


class Authority:
    """Identifies clients and decides on their requests.

    container_of -- full name of the container that holds a pid, None on the host;
                    raises OSError when the process is gone
    start_of     -- start time of a pid; raises OSError likewise
    """

    def __init__(
        self,
        store: ContainerStore,
        users: Users,
        container_of: Callable[[int], str | None],
        start_of: Callable[[int], int],
    ) -> None:
        self._store = store
        self._users = users
        self._container_of = container_of
        self._start_of = start_of

    # -- who ---------------------------------------------------------------

    def identify(self, pid: int, uid: int, gid: int) -> Caller:
        """The client behind a connection; raises Permission when it is not served."""
        if pid <= 0:
            raise Permission("cannot serve a client outside of the daemon's pid namespace")
        try:
            start = self._start_of(pid)
            container = self._container_of(pid) or ROOT
        except OSError as error:
            raise Permission(f"cannot identify the client with pid {pid}: {error}") from error
        return self._caller(pid, start, self._users.cred(uid, gid), container)

    def refresh(self, caller: Caller) -> Caller:
        """The same client now; raises Permission when it is not served any more."""
        for record in caller.basis:
            if self._store.find_id(record.id) is not record:
                return self._caller(caller.pid, caller.start, caller.task, caller.container)
        return caller

    def _caller(self, pid: int, start: int, task: Cred, container: str) -> Caller:
        if container == ROOT:
            basis: tuple[ContainerRecord, ...] = ()
            cred = task
        else:
            record = self._store.find(container)
            if record is None:
                raise Permission(f"cannot serve a client in unknown container {container}")
            if record.status.life.state not in _SERVED_STATES:
                raise Permission(
                    f"cannot serve a client in {container}: it is {record.status.life.state}"
                )
            basis = (record, *self._store.ancestors(record))
            cred = self.owner(record)
        level = min((level_of(record) for record in basis), default=Level.FULL)
        if level is Level.NONE:
            raise Permission(f"cannot serve a client in {container}: enable_porto is false")
        member = cred.uid == 0 or cred.in_group(self._users.group_id(PORTO_GROUP))
        return Caller(
            pid=pid,
            start=start,
            task=task,
            cred=cred,
            level=level,
            superuser=cred.uid == 0 and level is Level.FULL,
            writer=member and level > Level.READ_ONLY,
            view=View(effective.namespace(basis, effective.READING_ENDS), container),
            writes=effective.namespace(basis, effective.WRITING_ENDS),
            viewer=Viewer(0 if processes.shares_namespace(pid) else pid, container),
            basis=basis,
        )

    def owner(self, record: ContainerRecord) -> Cred:
        """The owner's credential; an owner who was never set is root."""
        return self._cred(*effective.owner_names(record.spec))

    def task(self, record: ContainerRecord) -> Cred:
        """The credential of the container's main task."""
        return self._cred(*effective.task_names(record.spec))

    def _cred(self, user: str, group: str) -> Cred:
        uid = self._users.user_id(user)
        if uid is None:
            # A user who was removed since: nobody's, and certainly not root's.
            return Cred(uid=0xFFFFFFFE, gid=0xFFFFFFFE)
        gid = self._users.group_id(group) if group else None
        if gid is None:
            gid = self._users.primary_group(str(uid))
        return self._users.cred(uid, uid if gid is None else gid)

    # -- may it ------------------------------------------------------------

    def check_cred(self, caller: Caller, cred: Cred, text: str) -> None:
        """Raise Permission unless the client controls this user's objects.

        `text` says "cannot VERB SUBJECT".
        """
        if not caller.writer:
            raise Permission(f"{text}: Write access denied")
        if caller.superuser or caller.cred.uid == cred.uid:
            return
        for name in control_groups(self._users.user_name(caller.cred.uid)):
            if cred.in_group(self._users.group_id(name)):
                return
        raise Permission(
            f"{text}: it belongs to {self._users.user_name(cred.uid)}, "
            f"the client acts as {self._users.user_name(caller.cred.uid)}"
        )

    def check_control(self, caller: Caller, name: str, verb: str) -> ContainerRecord:
        """The record of a container that the client may change.

        Raises Permission, or ContainerDoesNotExist. `name` is a full name.
        """
        text = f"cannot {verb} {name}"
        if not caller.writer:
            raise Permission(f"{text}: Write access denied")
        if name == ROOT:
            raise Permission(f"{text}: the root container is read-only")
        record = self._store.get(name, verb)
        if not (
            name.startswith(caller.writes)
            or is_below(name, caller.container)
            or (name == caller.container and caller.level is Level.SELF_ISOLATE)
        ):
            raise Permission(f"{text}: the container is out of scope of the client")
        self.check_cred(caller, self.owner(record), text)
        return record

    def check_create(self, caller: Caller, name: str, parent: str) -> None:
        """Raise unless the client may create `name` below `parent` (full names)."""
        text = f"cannot create {name}"
        if not caller.writer:
            raise Permission(f"{text}: Write access denied")
        if not (name.startswith(caller.writes) or is_below(name, caller.container)):
            raise Permission(f"{text}: it is out of scope of the client")
        if parent == ROOT:
            return
        record = self._store.find(parent)
        if record is None:
            raise ContainerDoesNotExist(f"{text}: no parent container {parent}")
        base = caller.writes.rpartition("/")[0]
        if not (
            parent.startswith(caller.writes)
            or is_below(parent, caller.container)
            or parent in (caller.container, base)
        ):
            raise Permission(f"{text}: its parent is out of scope of the client")
        self.check_cred(caller, self.owner(record), text)

    def check_start(self, caller: Caller, record: ContainerRecord) -> None:
        """Raise Permission unless the client may run this container's task."""
        text = f"cannot start {record.name}"
        owner, task = self.owner(record), self.task(record)
        self.check_cred(caller, owner, text)
        self.check_cred(caller, task, f"{text} as user {self._users.user_name(task.uid)}")
        name = self._users.user_name(owner.uid)
        if not may_run(
            owner.uid, name, task.uid, lambda group: task.in_group(self._users.group_id(group))
        ):
            if task.uid == 0:
                raise Permission(f"{text}: root's tasks need an owner who is root")
            raise Permission(
                f"{text}: its owner {name} may not run tasks as {self._users.user_name(task.uid)}"
            )
        if not (
            caller.superuser or owner.in_group(task.gid) or self._has_group(task.uid, task.gid)
        ):
            raise Permission(
                f"{text}: group {self._users.group_name(task.gid)} is neither its "
                "owner's nor its user's"
            )

    def check_owner_user(self, caller: Caller, record: ContainerRecord, user: str) -> None:
        """Raise unless the client may hand the container to `user`."""
        text = f"cannot set owner_user of {record.name} to {user!r}"
        uid = self._users.user_id(user)
        if uid is None:
            raise InvalidValue(f"{text}: no such user")
        self.check_cred(caller, self._cred(user, ""), text)

    def check_owner_group(self, caller: Caller, record: ContainerRecord, group: str) -> None:
        """Raise unless the client may give the container this group."""
        text = f"cannot set owner_group of {record.name} to {group!r}"
        gid = self._users.group_id(group)
        if gid is None:
            raise InvalidValue(f"{text}: no such group")
        if not (caller.superuser or caller.cred.in_group(gid) or self.owner(record).in_group(gid)):
            raise Permission(f"{text}: the group is neither the owner's nor the client's")

    def check_enable_porto(self, caller: Caller, record: ContainerRecord, value: str) -> None:
        """Raise Permission when `value` exceeds what the container's parents allow."""
        if caller.superuser:
            return
        level = LEVELS[value]
        for ancestor in self._store.ancestors(record):
            if level > highest_below(level_of(ancestor)):
                raise Permission(
                    f"cannot set enable_porto of {record.name} to {value!r}: "
                    f"its parent {ancestor.name} has {ancestor.spec.access.enable_porto}"
                )

    def _has_group(self, uid: int, gid: int) -> bool:
        primary = self._users.primary_group(str(uid))
        return primary is not None and self._users.cred(uid, primary).in_group(gid)


def level_of(record: ContainerRecord) -> Level:
    """The level that a container asks for itself."""
    return LEVELS[record.spec.access.enable_porto]


def highest_below(parent: Level) -> Level:
    """The highest level that a container may have below one with `parent`."""
    if parent is Level.NONE:
        return Level.NONE
    return Level.READ_ONLY if parent <= Level.READ_ONLY else Level.FULL
