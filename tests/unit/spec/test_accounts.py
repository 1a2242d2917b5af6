"""Owners as numbers."""

import grp
import os
import pwd

from porto.spec.accounts import NOBODY_AT_ALL, Owner, gid_of, owner_of, uid_of


def test_root_has_many_names() -> None:
    assert (
        owner_of("", "")
        == owner_of("root", "x")
        == owner_of("0", "")
        == Owner("root", 0, frozenset({0}))
    )


def test_a_user_has_his_groups_and_the_given_one() -> None:
    entry = pwd.getpwnam("nobody")
    found = owner_of("nobody", "daemon")
    assert found.uid == entry.pw_uid
    assert found.groups == {
        *os.getgrouplist("nobody", entry.pw_gid),
        grp.getgrnam("daemon").gr_gid,
    }
    assert owner_of("nobody", "").groups == set(os.getgrouplist("nobody", entry.pw_gid))


def test_a_number_without_a_name_is_itself() -> None:
    assert owner_of("4000000000", "4000000001") == Owner(
        "4000000000", 4000000000, frozenset({4000000001})
    )
    assert owner_of("4000000000", "").groups == frozenset()


def test_who_is_gone_is_nobody() -> None:
    assert uid_of("nosuchuser") == gid_of("nosuchgroup") == NOBODY_AT_ALL
    assert owner_of("nosuchuser", "nosuchgroup").uid == NOBODY_AT_ALL
