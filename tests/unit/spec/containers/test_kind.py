import pytest

from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import DEFAULT_SPEC, PROPERTIES


@pytest.mark.parametrize(
    ("name", "user", "owner"),
    [
        ("web/a", "alice", "alice"),
        ("db", "alice", "alice"),
        ("web", "root", "web/"),
        ("web/a/b", "root", "web/"),
        ("web/a", "", "web/"),
    ],
)
def test_a_user_is_one_owner_and_root_s_first_level_containers_are_many(
    name: str, user: str, owner: str
) -> None:
    spec = DEFAULT_SPEC.with_value(PROPERTIES["owner_user"], user)
    assert CONTAINER.owner(ContainerRecord(4, name, spec)) == owner
