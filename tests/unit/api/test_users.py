"""The user database, as it is on any machine."""

import os

from porto.api import peers
from porto.api.users import REMEMBERED_MAX, REMEMBERED_S, Users


def test_root_is_known_and_nobody_else_is_invented():
    users = Users()
    assert users.user_id("root") == 0
    assert users.user_id("0") == 0
    assert users.user_name(0) == "root"
    assert users.group_id("root") == 0
    assert users.group_name(0) == "root"
    assert users.primary_group("root") == 0
    assert users.user_id("no such user") is None
    assert users.group_id("no such group") is None
    assert users.user_id("a\0b") is None
    assert users.user_name(3_999_999_999) == "3999999999"
    assert users.primary_group("3999999999") is None
    assert users.cred(3_999_999_999, 5).groups == {5}
    assert users.cred(0, 0).in_group(0)
    assert not users.cred(0, 0).in_group(None)


def test_answers_are_kept_for_a_while_and_not_for_ever(monkeypatch):
    now = [0.0]
    users = Users(lambda: now[0])
    assert users.group_id("root") == 0
    monkeypatch.setattr("grp.getgrnam", lambda name: (_ for _ in ()).throw(KeyError(name)))
    assert users.group_id("root") == 0
    now[0] += REMEMBERED_S
    assert users.group_id("root") is None
    for number in range(2 * REMEMBERED_MAX):
        users.group_id(f"g{number}")
    assert len(users._known) <= REMEMBERED_MAX


def test_this_process():
    start = peers.start_of(os.getpid())
    assert 0 < start == peers.start_of(os.getpid())
    assert peers.comm_of(os.getpid())
