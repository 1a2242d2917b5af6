"""Who a client is and what it may do, asked without a server: values and whole messages."""

import dataclasses

import pytest

from porto.api.auth import Authority, Caller, Level, highest_below, level_of
from porto.api.names import View
from porto.api.users import Cred
from porto.kernel.process import processes
from porto.observers.viewer import Viewer
from porto.spec.containers.intent import Client
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, PROPERTIES
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import (
    ContainerDoesNotExist,
    InvalidValue,
    Permission,
    PortoError,
)
from tests.fakes.api import ALICE, BOB, CAROL, PORTO_GID, ROOT, SHARED_GID, FakeUsers

NOBODYS = 0xFFFFFFFE
WORKERS = 1500


class Users(FakeUsers):
    """Also erin, whose first group is `workers` and who has shared hers with bob by name."""

    def user_id(self, user: str) -> int | None:
        return {"erin": 1005}.get(user, super().user_id(user))

    def group_id(self, group: str) -> int | None:
        return {"workers": WORKERS, "bob-containers": 1600}.get(group, super().group_id(group))

    def primary_group(self, user: str) -> int | None:
        return WORKERS if user == "1005" else super().primary_group(user)

    def cred(self, uid: int, gid: int) -> Cred:
        found = super().cred(uid, gid)
        extra = {1600} if uid == 1005 else set()
        return Cred(uid, gid, found.groups | extra)


class House:
    """A store, and who lives where by pid: 40 on the host, 50 in the container `c`."""

    def __init__(self) -> None:
        self.store = ContainerStore(None)
        self.where: dict[int, str | None] = {40: None, 50: "c"}
        self.authority = Authority(self.store, Users(), self._container_of, self._start_of)

    def _container_of(self, pid: int) -> str | None:
        if pid not in self.where:
            raise ProcessLookupError(3, "No such process")
        return self.where[pid]

    def _start_of(self, pid: int) -> int:
        return pid * 100

    def make(
        self,
        name: str,
        owner: str = "",
        group: str = "",
        *,
        user: str = "",
        user_group: str = "",
        level: str = "true",
        namespace: str = "",
        state: State = State.RUNNING,
    ) -> ContainerRecord:
        access = DEFAULT_SPEC.access.model_copy(
            update={
                "owner_user": owner,
                "owner_group": group,
                "enable_porto": level,
                "porto_namespace": namespace,
            }
        )
        process = DEFAULT_SPEC.process.model_copy(update={"user": user, "group": user_group})
        spec = DEFAULT_SPEC.model_copy(update={"access": access, "process": process})
        record = self.store.create(name, spec, now=0.0, origins={})
        self.store.put_status(record, record.with_status(state=state).status, now=0.0)
        return self.store.get(name)

    def on_host(self, uid: int) -> Caller:
        return self.authority.identify(40, uid, uid)

    def inside(self, uid: int = CAROL) -> Caller:
        return self.authority.identify(50, uid, uid)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(processes, "shares_namespace", lambda pid: False)
    return House()


def refused(error: type[PortoError], call: object, *arguments: object, **named: object) -> str:
    """The whole text of the refusal."""
    with pytest.raises(error) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    return caught.value.text


# -- who ---------------------------------------------------------------------------------


def test_a_client_on_the_host_is_itself(house: House) -> None:
    caller = house.authority.identify(40, ALICE, 77)
    alice = Cred(ALICE, 77, frozenset({77, PORTO_GID}))
    assert caller == Caller(
        pid=40,
        start=4000,
        task=alice,
        cred=alice,
        level=Level.FULL,
        superuser=False,
        writer=True,
        view=View("", "/"),
        writes="",
        viewer=Viewer(40, "/"),
        basis=(),
    )
    assert caller.as_client() == Client(40, 4000, ALICE, 77, (77, PORTO_GID))


def test_a_client_inside_acts_as_its_containers_owner(house: House) -> None:
    record = house.make("c", "alice", "porto")
    caller = house.inside(CAROL)
    alice = Cred(ALICE, PORTO_GID, frozenset({PORTO_GID}))
    assert (caller.task.uid, caller.cred) == (CAROL, alice)
    assert (caller.view, caller.basis) == (View("", "c"), (record,))
    assert caller.viewer == Viewer(50, "c")
    assert caller.container == "c"


def test_who_shares_the_daemons_pid_namespace_sees_its_pids(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(processes, "shares_namespace", lambda pid: asked.append(pid) is None)
    house.make("c")
    assert house.inside().viewer == Viewer(0, "c")
    assert asked == [50]


@pytest.mark.parametrize("pid", [0, -1])
def test_a_pid_that_is_not_here_is_not_served(house: House, pid: int) -> None:
    assert refused(Permission, house.authority.identify, pid, ROOT, ROOT) == (
        "cannot serve a client outside of the daemon's pid namespace"
    )


def test_the_first_pid_is_served(house: House) -> None:
    house.where[1] = None
    assert house.authority.identify(1, ROOT, ROOT).start == 100


def test_a_client_that_is_gone_is_not_served(house: House) -> None:
    assert refused(Permission, house.authority.identify, 41, ROOT, ROOT) == (
        "cannot identify the client with pid 41: [Errno 3] No such process"
    )


def test_a_client_of_an_unknown_container_is_not_served(house: House) -> None:
    assert refused(Permission, house.inside) == "cannot serve a client in unknown container c"


@pytest.mark.parametrize("state", list(State))
def test_in_which_states_a_container_is_served(house: House, state: State) -> None:
    house.make("c", state=state)
    if state in (State.STARTING, State.RUNNING, State.STOPPING, State.META):
        assert house.inside().container == "c"
    else:
        assert refused(Permission, house.inside) == f"cannot serve a client in c: it is {state}"


def test_no_access_is_said(house: House) -> None:
    house.make("c", level="false")
    assert refused(Permission, house.inside) == "cannot serve a client in c: enable_porto is false"


@pytest.mark.parametrize(
    ("owner", "level", "superuser", "writer"),
    [
        ("", "true", True, True),
        ("root", "true", True, True),
        ("root", "child-only", False, True),
        ("root", "read-only", False, False),
        ("alice", "true", False, True),
        ("alice", "read-isolate", False, False),
        ("alice", "isolate", False, True),
        ("carol", "true", False, False),
        ("removed", "true", False, False),
    ],
)
def test_what_an_owner_and_a_level_make(
    house: House, owner: str, level: str, superuser: bool, writer: bool
) -> None:
    house.make("c", owner, level=level)
    caller = house.inside(ROOT)
    assert (caller.superuser, caller.writer) == (superuser, writer)


@pytest.mark.parametrize(
    ("outer", "inner", "level", "reads", "writes"),
    [
        (("true", ""), ("true", ""), Level.FULL, "", ""),
        (("true", "o-"), ("true", "i-"), Level.FULL, "o-i-", "o-i-"),
        (("isolate", "o-"), ("true", "i-"), Level.ISOLATE, "c/i-", "c/i-"),
        (("isolate", "o-"), ("isolate", "i-"), Level.ISOLATE, "c/d/", "c/d/"),
        (("child-only", "o-"), ("true", "i-"), Level.CHILD_ONLY, "o-i-", "c/i-"),
        (("true", "o-"), ("child-only", "i-"), Level.CHILD_ONLY, "o-i-", "c/d/"),
        (("read-only", "o-"), ("true", ""), Level.READ_ONLY, "o-", "o-"),
        (("true", "o-"), ("read-isolate", ""), Level.READ_ISOLATE, "c/d/", "c/d/"),
        (("self-isolate", ""), ("true", ""), Level.SELF_ISOLATE, "c/", "c/"),
    ],
)
def test_namespaces_and_levels_of_a_tree(
    house: House,
    outer: tuple[str, str],
    inner: tuple[str, str],
    level: Level,
    reads: str,
    writes: str,
) -> None:
    above = house.make("c", level=outer[0], namespace=outer[1])
    below = house.make("c/d", level=inner[0], namespace=inner[1])
    house.where[50] = "c/d"
    caller = house.inside()
    assert (caller.level, caller.view, caller.writes) == (level, View(reads, "c/d"), writes)
    assert caller.basis == (below, above)


def test_a_client_is_identified_again_when_what_decided_has_changed(house: House) -> None:
    record = house.make("c", "alice")
    caller = house.inside(CAROL)
    assert house.authority.refresh(caller) is caller
    access = record.spec.access.model_copy(update={"owner_user": "bob"})
    spec = record.spec.model_copy(update={"access": access})
    house.store.put(dataclasses.replace(record, spec=spec), now=1.0)
    again = house.authority.refresh(caller)
    assert (again.cred.uid, again.task.uid, again.pid, again.start) == (BOB, CAROL, 50, 5000)
    assert again.view == View("", "c")


def test_a_client_whose_container_is_gone_is_served_no_more(house: House) -> None:
    record = house.make("c")
    caller = house.inside()
    house.store.delete(record)
    with pytest.raises(Permission, match="unknown container c"):
        house.authority.refresh(caller)


@pytest.mark.parametrize(
    ("owner", "group", "uid", "gid"),
    [
        ("", "", 0, 0),
        ("alice", "", ALICE, ALICE),
        ("alice", "porto", ALICE, PORTO_GID),
        ("alice", "removed", ALICE, ALICE),
        ("erin", "", 1005, WORKERS),
        ("erin", "removed", 1005, WORKERS),
        ("54321", "", 54321, 54321),
        ("removed", "", NOBODYS, NOBODYS),
        ("removed", "porto", NOBODYS, NOBODYS),
        ("", "porto", 0, PORTO_GID),
    ],
)
def test_whose_a_container_is(house: House, owner: str, group: str, uid: int, gid: int) -> None:
    found = house.authority.owner(house.make("c", owner, group))
    assert (found.uid, found.gid) == (uid, gid)


def test_a_user_without_a_group_of_his_own_has_that_of_his_number(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Users, "primary_group", lambda self, user: None)
    found = house.authority.owner(house.make("c", "alice"))
    assert (found.uid, found.gid) == (ALICE, ALICE)


@pytest.mark.parametrize(
    ("user", "group", "uid", "gid"),
    [
        ("", "", ALICE, PORTO_GID),
        ("bob", "", BOB, PORTO_GID),
        ("", "workers", ALICE, WORKERS),
        ("bob", "workers", BOB, WORKERS),
    ],
)
def test_a_task_is_its_owners_unless_told(
    house: House, user: str, group: str, uid: int, gid: int
) -> None:
    record = house.make("c", "alice", "porto", user=user, user_group=group)
    found = house.authority.task(record)
    assert (found.uid, found.gid) == (uid, gid)


# -- may it ------------------------------------------------------------------------------


def test_control_of_what_is_not_ones_own_is_refused_with_both_names(house: House) -> None:
    house.make("x", "bob")
    text = refused(Permission, house.authority.check_control, house.on_host(ALICE), "x", "stop")
    assert text == "cannot stop x: it belongs to bob, the client acts as alice"


@pytest.mark.parametrize(
    ("uid", "owner", "allowed"),
    [
        (ROOT, "bob", True),
        (ALICE, "alice", True),
        (ALICE, "carol", True),
        (BOB, "erin", True),
        (ALICE, "erin", False),
    ],
    ids=["root", "own", "shared with all", "shared with bob", "shared with bob only"],
)
def test_whose_containers_a_client_controls(
    house: House, uid: int, owner: str, allowed: bool
) -> None:
    record = house.make("x", owner)
    caller = house.on_host(uid)
    if allowed:
        assert house.authority.check_control(caller, "x", "stop") is record
    else:
        text = refused(Permission, house.authority.check_control, caller, "x", "stop")
        assert text == "cannot stop x: it belongs to 1005, the client acts as alice"


def test_who_may_not_write_at_all(house: House) -> None:
    house.make("x", "carol")
    carol, check = house.on_host(CAROL), house.authority
    record = house.store.get("x")
    assert refused(Permission, check.check_control, carol, "x", "stop") == (
        "cannot stop x: Write access denied"
    )
    assert refused(Permission, check.check_create, carol, "y", "/") == (
        "cannot create y: Write access denied"
    )
    assert refused(Permission, check.check_cred, carol, carol.cred, "cannot be x") == (
        "cannot be x: Write access denied"
    )
    assert refused(Permission, check.check_start, carol, record) == (
        "cannot start x: Write access denied"
    )


def test_the_root_container_is_nobodys_to_change(house: House) -> None:
    text = refused(Permission, house.authority.check_control, house.on_host(ROOT), "/", "stop")
    assert text == "cannot stop /: the root container is read-only"


def test_what_is_not_there_cannot_be_controlled(house: House) -> None:
    with pytest.raises(ContainerDoesNotExist, match="stop") as caught:
        house.authority.check_control(house.on_host(ROOT), "x", "stop")
    assert "x" in caught.value.text


@pytest.mark.parametrize(
    ("level", "name", "allowed"),
    [
        ("child-only", "c", False),
        ("self-isolate", "c", True),
        ("child-only", "c/d", True),
        ("child-only", "x", False),
        ("true", "x", True),
        ("true", "c", True),
        ("self-isolate", "cc", False),
    ],
)
def test_what_is_in_scope_of_a_client_inside(
    house: House, level: str, name: str, allowed: bool
) -> None:
    for made in ("c", "c/d", "x", "cc"):
        house.make(made, "alice", level=level)
    check = house.authority.check_control
    if allowed:
        assert check(house.inside(), name, "stop").name == name
    else:
        assert refused(Permission, check, house.inside(), name, "stop") == (
            f"cannot stop {name}: the container is out of scope of the client"
        )


@pytest.mark.parametrize(
    ("level", "name", "parent", "message"),
    [
        ("true", "top", "/", ""),
        ("child-only", "top", "/", "cannot create top: it is out of scope of the client"),
        ("child-only", "c/new", "c", ""),
        ("child-only", "c/d/new", "c/d", ""),
        ("isolate", "c/new", "c", ""),
        ("child-only", "x/new", "x", "cannot create x/new: it is out of scope of the client"),
        ("true", "gone/new", "gone", "cannot create gone/new: no parent container gone"),
        (
            "true",
            "b/new",
            "b",
            "cannot create b/new: it belongs to bob, the client acts as alice",
        ),
    ],
)
def test_what_a_client_inside_may_create(
    house: House, level: str, name: str, parent: str, message: str
) -> None:
    for made in ("c", "c/d", "x"):
        house.make(made, "alice", level=level)
    house.make("b", "bob")
    error = ContainerDoesNotExist if parent == "gone" else Permission
    if message:
        text = refused(error, house.authority.check_create, house.inside(), name, parent)
        assert text == message
    else:
        house.authority.check_create(house.inside(), name, parent)


@pytest.mark.parametrize(
    ("namespace", "name", "parent", "allowed"),
    [
        pytest.param("x/web-", "x/web-1", "x", True, id="base-of-the-namespace"),
        pytest.param("x/y/web-", "x/y/web-1", "x/y", True, id="deep-base"),
        pytest.param("x/y/web-", "x/y/web-1", "x", False, id="above-the-base"),
        pytest.param("x/", "x/y/z", "x/y", True, id="within"),
    ],
)
def test_whose_children_a_namespace_may_be(
    house: House, namespace: str, name: str, parent: str, allowed: bool
) -> None:
    house.make("c", "alice", namespace=namespace)
    for made in ("x", "x/y"):
        house.make(made, "alice")
    check = house.authority.check_create
    if allowed:
        check(house.inside(), name, parent)
    else:
        assert refused(Permission, check, house.inside(), name, parent) == (
            f"cannot create {name}: its parent is out of scope of the client"
        )


@pytest.mark.parametrize(
    ("owner", "user", "group", "message"),
    [
        ("alice", "", "", ""),
        ("alice", "", "porto", ""),
        ("alice", "carol", "", ""),
        ("alice", "carol", "porto-containers", ""),
        ("carol", "carol", "porto-containers", ""),
        ("bob", "", "", "it belongs to bob, the client acts as alice"),
        ("alice", "bob", "", " as user bob: it belongs to bob, the client acts as alice"),
        ("alice", "1", "", " as user 1: it belongs to 1, the client acts as alice"),
        ("alice", "", "workers", "group 1500 is neither its owner's nor its user's"),
        ("alice", "carol", "root", "group root is neither its owner's nor its user's"),
    ],
)
def test_whose_tasks_a_user_may_start(
    house: House, owner: str, user: str, group: str, message: str
) -> None:
    record = house.make("x", owner, user=user, user_group=group)
    check = house.authority.check_start
    if message:
        text = refused(Permission, check, house.on_host(ALICE), record)
        between = "" if message.startswith(" ") else ": "
        assert text == f"cannot start x{between}{message}"
    else:
        check(house.on_host(ALICE), record)


def test_an_init_is_roots_task(house: House) -> None:
    record = house.make("x", "alice", user="alice")
    spec = record.spec.with_value(PROPERTIES["virt_mode"], "os")
    record = house.store.put(dataclasses.replace(record, spec=spec), now=0.0)
    assert house.authority.task(record).uid == 0
    assert refused(Permission, house.authority.check_start, house.on_host(ROOT), record) == (
        "cannot start x: root's tasks need an owner who is root"
    )


def test_roots_tasks_need_a_root_owner_even_for_root(house: House) -> None:
    """Or whoever owns it could have it do root's work by changing its command."""
    check, root = house.authority.check_start, house.on_host(ROOT)
    record = house.make("x", "alice", user="root")
    assert refused(Permission, check, root, record) == (
        "cannot start x: root's tasks need an owner who is root"
    )
    for name, values in {
        "own": {"owner": "root", "user": "root"},
        "given": {"owner": "root", "user": "alice"},
        "any group": {"owner": "alice", "user_group": "workers"},
    }.items():
        check(root, house.make(name.replace(" ", "-"), **values))


def test_an_owner_has_no_tasks_of_others_even_when_root_asks(house: House) -> None:
    record = house.make("x", "alice", user="bob")
    assert refused(Permission, house.authority.check_start, house.on_host(ROOT), record) == (
        "cannot start x: its owner alice may not run tasks as bob"
    )


@pytest.mark.parametrize(
    ("uid", "user", "error", "message"),
    [
        (ALICE, "alice", None, ""),
        (ALICE, "carol", None, ""),
        (ROOT, "bob", None, ""),
        (ALICE, "bob", Permission, "it belongs to bob, the client acts as alice"),
        (ALICE, "root", Permission, "it belongs to root, the client acts as alice"),
        (ROOT, "removed", InvalidValue, "no such user"),
    ],
)
def test_to_whom_a_container_may_be_given(
    house: House, uid: int, user: str, error: type[PortoError] | None, message: str
) -> None:
    record = house.make("x", "alice")
    check, caller = house.authority.check_owner_user, house.on_host(uid)
    if error is None:
        check(caller, record, user)
    else:
        text = refused(error, check, caller, record, user)
        assert text == f"cannot set owner_user of x to {user!r}: {message}"


@pytest.mark.parametrize(
    ("uid", "owner", "group", "error", "message"),
    [
        (ROOT, "alice", "workers", None, ""),
        (ALICE, "alice", "porto", None, ""),
        (ALICE, "carol", "porto-containers", None, ""),
        (ALICE, "carol", "porto", None, ""),
        (ROOT, "alice", "removed", InvalidValue, "no such group"),
        (
            ALICE,
            "alice",
            "workers",
            Permission,
            "the group is neither the owner's nor the client's",
        ),
    ],
)
def test_which_group_a_container_may_have(
    house: House,
    uid: int,
    owner: str,
    group: str,
    error: type[PortoError] | None,
    message: str,
) -> None:
    record = house.make("x", owner)
    check, caller = house.authority.check_owner_group, house.on_host(uid)
    if error is None:
        check(caller, record, group)
    else:
        text = refused(error, check, caller, record, group)
        assert text == f"cannot set owner_group of x to {group!r}: {message}"


def test_a_group_of_the_super_user_is_no_matter(house: House) -> None:
    assert not house.on_host(ROOT).cred.in_group(SHARED_GID)
    house.authority.check_owner_group(house.on_host(ROOT), house.make("x"), "porto-containers")


@pytest.mark.parametrize(
    ("parent", "value", "allowed"),
    [
        ("true", "true", True),
        ("child-only", "true", True),
        ("isolate", "true", True),
        ("read-only", "read-only", True),
        ("read-only", "read-isolate", True),
        ("read-only", "isolate", False),
        ("read-isolate", "read-only", True),
        ("read-isolate", "true", False),
        ("false", "false", True),
        ("false", "read-isolate", False),
    ],
)
def test_a_level_may_not_exceed_what_the_parents_allow(
    house: House, parent: str, value: str, allowed: bool
) -> None:
    house.make("p", level=parent)
    house.make("p/q", level="true")
    record = house.make("p/q/r", "alice")
    check = house.authority.check_enable_porto
    if allowed:
        check(house.on_host(ALICE), record, value)
    else:
        assert refused(Permission, check, house.on_host(ALICE), record, value) == (
            f"cannot set enable_porto of p/q/r to {value!r}: its parent p has {parent}"
        )
    check(house.on_host(ROOT), record, value)


def test_levels(house: House) -> None:
    assert level_of(house.make("x", level="self-isolate")) is Level.SELF_ISOLATE
    found = [highest_below(level) for level in Level]
    read, full = Level.READ_ONLY, Level.FULL
    assert found == [Level.NONE, read, read, full, full, full, full]
