"""Who a task is, where it starts and what it may keep, as launch operations."""

import grp
import os
import pwd

import pytest

from porto.launcher.ops import ChangeDirectory, SetCapabilities, SetCredentials, SetUmask
from porto.reconcilers.containers.facets.identity import Identity, Umask
from porto.spec.errors import InvalidValue, Permission
from tests.fakes.starts import record, start_of

KEPT = {
    *(0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 18, 19, 21, 22, 23, 24, 27, 29, 31),
}
"""Manual section "Security": what a container in the host's root may keep."""
ROOT_GROUPS = tuple(sorted(set(os.getgrouplist("root", 0))))


def bits(mask: int) -> set[int]:
    return {number for number in range(64) if mask >> number & 1}


def identity() -> Identity:
    return Identity("/place/work")


def test_the_whole_of_a_start_as_root() -> None:
    (where, who, what) = start_of(record("a"), identity()).ops
    assert where == ChangeDirectory("/place/work/a")
    assert who == SetCredentials(0, 0, ROOT_GROUPS)
    assert isinstance(what, SetCapabilities)
    assert bits(what.bounding) == KEPT
    assert what.ambient == 0


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(2, id="DAC_READ_SEARCH"),
        pytest.param(16, id="SYS_MODULE"),
        pytest.param(17, id="SYS_RAWIO"),
        pytest.param(25, id="SYS_TIME"),
        pytest.param(34, id="SYSLOG"),
        pytest.param(39, id="BPF"),
    ],
)
def test_what_reaches_the_host_is_never_kept(number: int) -> None:
    what = start_of(record("a", user="nobody"), identity()).ops[-1]
    assert isinstance(what, SetCapabilities)
    assert number not in bits(what.bounding)


def credentials(**values: str) -> SetCredentials:
    (found,) = (
        op for op in start_of(record("a", **values), identity()).ops if type(op) is SetCredentials
    )
    return found


def test_a_user_has_his_own_groups() -> None:
    nobody = pwd.getpwnam("nobody")
    groups = tuple(sorted(set(os.getgrouplist("nobody", nobody.pw_gid))))
    assert credentials(user="nobody") == SetCredentials(nobody.pw_uid, nobody.pw_gid, groups)


def test_a_group_may_be_another() -> None:
    daemon = grp.getgrnam("daemon").gr_gid
    found = credentials(user="nobody", group="daemon")
    assert (found.gid, daemon in found.groups) == (daemon, True)


@pytest.mark.parametrize(("group", "gid"), [("", 54321), ("daemon", grp.getgrnam("daemon").gr_gid)])
def test_a_number_that_no_database_knows_is_a_user(group: str, gid: int) -> None:
    assert credentials(user="54321", group=group) == SetCredentials(54321, gid, (gid,))


def test_os_mode_is_root_whatever_the_user() -> None:
    found = credentials(virt_mode="os", user="nobody", group="daemon")
    assert found == SetCredentials(0, 0, ROOT_GROUPS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"user": "no-such-user"}, "unknown user no-such-user"),
        ({"user": "nobody", "group": "no-such-group"}, "unknown group no-such-group"),
        ({"owner_user": "no-such-user"}, "unknown user no-such-user"),
    ],
)
def test_an_unknown_name_is_said(values: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        start_of(record("a", **values), identity())
    assert caught.value.text == message


@pytest.mark.parametrize(
    ("owner", "user", "who"),
    [
        pytest.param("nobody", "root", "root", id="as-root"),
        pytest.param("nobody", "daemon", "daemon", id="as-another"),
        pytest.param("54321", "54322", "54322", id="by-number"),
    ],
)
def test_an_owner_may_not_run_tasks_as_somebody_else(owner: str, user: str, who: str) -> None:
    with pytest.raises(Permission) as caught:
        start_of(record("a", owner_user=owner, user=user), identity())
    assert caught.value.text == f"cannot start a: its owner {owner} may not run tasks as {who}"


@pytest.mark.parametrize("group", ["porto-containers", "nobody-containers"])
def test_an_owner_may_run_tasks_of_users_he_controls(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = {group: pwd.getpwnam("daemon").pw_gid, "root": 0}
    monkeypatch.setattr("porto.reconcilers.containers.facets.identity.find_gid", shared.get)
    assert start_of(record("a", owner_user="nobody", user="daemon"), identity()).ops
    with pytest.raises(Permission, match="its owner nobody may not run tasks as"):
        start_of(record("a", owner_user="nobody", user="bin"), identity())
    shared[group] = 0
    with pytest.raises(Permission, match="its owner nobody may not run tasks as root"):
        start_of(record("a", owner_user="nobody", user="root"), identity())


def test_the_default_user_is_the_owner() -> None:
    assert credentials(owner_user="54321") == SetCredentials(54321, 54321, (54321,))
    assert credentials(owner_user="54321", owner_group="54322").gid == 54322


def test_os_mode_needs_a_root_owner() -> None:
    with pytest.raises(Permission, match="its owner nobody may not run tasks as"):
        start_of(record("a", owner_user="nobody", user="nobody", virt_mode="os"), identity())


@pytest.mark.parametrize(
    ("owner", "user"), [("nobody", "nobody"), ("root", "nobody"), ("", "daemon"), ("0", "54321")]
)
def test_an_owner_runs_tasks_as_himself_and_root_as_anybody(owner: str, user: str) -> None:
    values = {"user": user} | ({"owner_user": owner} if owner else {})
    assert start_of(record("a", **values), identity()).ops


@pytest.mark.parametrize(
    ("own", "parent", "grandparent", "expected"),
    [
        ("/srv/x", "/p", "/g", "/srv/x"),
        ("x", "/p", "/g", "/p/x"),
        ("x", "p", "/g", "/g/p/x"),
        ("../x", "/p/q", "", "/p/x"),
        ("", "", "", "/place/work/a/b/c"),
        ("", "/p", "", "/p"),
    ],
)
def test_where_a_task_starts(own: str, parent: str, grandparent: str, expected: str) -> None:
    lineage = (record("a/b", cwd=parent), record("a", cwd=grandparent))
    plan = start_of(record("a/b/c", cwd=own), identity(), lineage=lineage)
    assert plan.ops[0] == ChangeDirectory(expected)


@pytest.mark.parametrize(("cwd", "expected"), [("", "/"), ("/srv", "/srv")])
def test_os_mode_starts_at_the_top(cwd: str, expected: str) -> None:
    plan = start_of(record("a", virt_mode="os", cwd=cwd), identity())
    assert plan.ops[0] == ChangeDirectory(expected)


@pytest.mark.parametrize(("text", "expected"), [("0027", 0o027), ("0", 0)])
def test_the_umask(text: str, expected: int) -> None:
    assert start_of(record("a", umask=text), Umask()).ops == [SetUmask(expected)]
