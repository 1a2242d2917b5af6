"""Who may do what: the tables of access rights."""

import pytest

from porto.spec.containers.status import State
from porto.spec.errors import EError
from tests.fakes.api import ALICE, BOB, CAROL, ROOT, asynchronous, serving

OK, PERM = EError.Success, EError.Permission


async def tree(api, level="true", owner="alice"):
    """c, c/own and c/other, other, mine: c and mine belong to `owner`."""
    root = await api.connect()
    for name in ("c", "c/own", "c/other", "other", "mine"):
        await root.ok("create", name=name)
        user = "bob" if name.endswith("other") else owner
        set_owner(api, name, user)
    await root.set("c", "enable_porto", level)
    await root.ok("start", name="c")
    return root


def set_owner(api, name, user):
    record = api.store.get(name)
    access = record.spec.access.model_copy(update={"owner_user": user, "owner_group": user})
    process = record.spec.process.model_copy(update={"user": user, "group": user})
    spec = record.spec.model_copy(update={"access": access, "process": process})
    from dataclasses import replace

    api.store.put(replace(record, spec=spec), now=0.0)


async def change(client, name):
    return await client.error("setProperty", name=name, property="private", value="x")


@pytest.mark.parametrize(
    ("uid", "create", "below", "own", "others", "system"),
    [
        (ROOT, OK, OK, OK, OK, OK),
        (ALICE, OK, OK, OK, PERM, PERM),
        (CAROL, PERM, PERM, PERM, PERM, PERM),
    ],
    ids=["root", "in group porto", "anybody"],
)
@asynchronous
async def test_clients_on_the_host(tmp_path, uid, create, below, own, others, system):
    async with serving(tmp_path) as api:
        await tree(api)
        client = await api.connect(uid)
        await client.ok("version")
        assert len((await client.ok("list")).list.name) == 5
        assert await client.get("other", "state") == "stopped"
        assert await client.error("create", name="new") is create
        assert await client.error("create", name="mine/new") is below
        assert await client.error("create", name="other/new") is (OK if uid == ROOT else PERM)
        assert await change(client, "mine") is own
        assert await change(client, "other") is others
        for method in ("stop", "destroy"):
            assert await client.error(method, name="other") is others
        assert await client.error("SetSystem", verbose=False) is system
        assert await change(client, "/") is PERM


@asynchronous
async def test_a_stranger_changes_nothing_by_any_request(tmp_path):
    async with serving(tmp_path) as api:
        await tree(api, owner="carol")
        client = await api.connect(CAROL)
        before = list(api.store.records())
        for method, table in api.server.methods.items():
            if not table.writes:
                continue
            fields = {}
            from porto.wire import rpc_pb2

            kind = rpc_pb2.TContainerRequest.DESCRIPTOR.fields_by_name[method].message_type
            for field in kind.fields:
                if field.is_required:
                    if field.message_type is not None:
                        fields[field.name] = {"name": "mine"}
                    else:
                        fields[field.name] = "mine" if field.type == field.TYPE_STRING else 1
            if method == "NewVolume":
                fields = {"volume": {}}
            assert await client.error(method, **fields) is PERM, method
        assert list(api.store.records()) == before


@asynchronous
async def test_shared_owners(tmp_path):
    async with serving(tmp_path) as api:
        await tree(api, owner="carol")  # carol is a member of porto-containers
        client = await api.connect(ALICE)
        assert await change(client, "mine") is OK
        assert await client.error("start", name="mine") is OK


@pytest.mark.parametrize(
    ("level", "sees", "child", "self_", "own", "others", "far"),
    [
        ("read-isolate", False, PERM, PERM, PERM, PERM, PERM),
        ("read-only", True, PERM, PERM, PERM, PERM, PERM),
        ("isolate", False, OK, PERM, OK, PERM, PERM),
        ("self-isolate", False, OK, OK, OK, PERM, PERM),
        ("child-only", True, OK, PERM, OK, PERM, PERM),
        ("true", True, OK, OK, OK, PERM, OK),
    ],
)
@asynchronous
async def test_clients_inside(tmp_path, level, sees, child, self_, own, others, far):
    async with serving(tmp_path) as api:
        await tree(api, level)
        client = await api.connect(CAROL, container="c")
        names = (await client.ok("list")).list.name
        assert ("mine" in names) is sees
        assert ("own" in names) is not sees
        visible = await client.error("getProperty", name="/porto/mine", property="state")
        assert visible is (OK if sees else PERM)
        await client.get("self", "state")
        await client.get("/", "state")
        assert await client.error("create", name="self/new") is child
        assert await change(client, "self") is self_
        assert await change(client, "self/own") is own
        assert await change(client, "self/other") is others
        assert await change(client, "/porto/mine") is far
        top = await client.error("create", name="/porto/top")
        assert top is (OK if level == "true" else PERM)
        assert await client.error("SetSystem", verbose=False) is PERM


@asynchronous
async def test_no_access_from_inside(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api, "false")
        await root.ok("start", name="c/own")
        for name in ("c", "c/own"):
            await (await api.connect(container=name)).closed()
        await (await api.connect(container="mine")).closed()
        assert api.state("mine") is State.STOPPED


@asynchronous
async def test_the_lowest_level_of_the_ancestors_counts(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api, "read-only")
        await root.ok("start", name="c/own")
        client = await api.connect(container="c/own")
        assert await client.error("create", name="self/x") is PERM
        await root.set("c", "enable_porto", "true")
        assert await client.error("create", name="self/x") is OK
        await root.set("c", "enable_porto", "false")
        client.send(version={})
        await client.closed()


@asynchronous
async def test_a_root_owned_container_makes_super_users_only_at_full_level(tmp_path):
    async with serving(tmp_path) as api:
        await tree(api, "true", owner="root")
        client = await api.connect(CAROL, container="c")
        assert await change(client, "other") is OK
        assert await client.error("SetSystem", verbose=False) is OK
    async with serving(tmp_path / "..") as api:
        await tree(api, "child-only", owner="root")
        client = await api.connect(ROOT, container="c")
        assert await change(client, "self/other") is PERM
        assert await client.error("SetSystem", verbose=False) is PERM


@asynchronous
async def test_an_owner_outside_of_the_group_only_reads(tmp_path):
    async with serving(tmp_path) as api:
        await tree(api, "true", owner="carol")
        client = await api.connect(ROOT, container="c")
        await client.ok("list")
        assert await client.error("create", name="self/x") is PERM


@asynchronous
async def test_the_state_of_the_clients_container_is_checked_again(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api)
        client = await api.connect(container="c")
        await client.ok("version")
        await root.ok("stop", name="c")
        client.send(version={})
        await client.closed()


@asynchronous
async def test_namespaces_by_prefix(tmp_path):
    async with serving(tmp_path) as api:
        root = await api.connect()
        await root.ok("create", name="c")
        await root.set("c", "porto_namespace", "web-")
        await root.ok("start", name="c")
        client = await api.connect(container="c")
        await client.ok("create", name="1")
        assert api.state("web-1") is State.STOPPED
        assert (await client.ok("list")).list.name == ["1"]
        assert await client.error("create", name="/porto/db") is PERM


@asynchronous
async def test_credentials_of_what_a_client_inside_creates(tmp_path):
    async with serving(tmp_path) as api:
        await tree(api)
        client = await api.connect(BOB, container="c")
        await client.ok("create", name="self/sub")
        await client.ok("create", name="beside")
        below, beside = api.store.get("c/sub").spec, api.store.get("beside").spec
        assert (below.process.user, below.access.owner_user) == ("bob", "alice")
        assert (beside.process.user, beside.access.owner_user) == ("alice", "alice")


@pytest.mark.parametrize(
    ("user", "group", "error"),
    [
        ("alice", "alice", OK),
        ("alice", "porto", OK),
        ("alice", "root", PERM),
        ("root", "root", PERM),
        ("bob", "bob", PERM),
        ("carol", "carol", OK),
    ],
)
@asynchronous
async def test_whose_tasks_a_user_may_start(tmp_path, user, group, error):
    async with serving(tmp_path) as api:
        await tree(api)
        record = api.store.get("mine")
        from dataclasses import replace

        gid = {"alice": str(ALICE), "bob": str(BOB), "carol": str(CAROL)}.get(group, group)
        process = record.spec.process.model_copy(update={"user": user, "group": gid})
        spec = record.spec.model_copy(update={"process": process})
        api.store.put(replace(record, spec=spec), now=0.0)
        client = await api.connect(ALICE)
        assert await client.error("start", name="mine") is error
        assert (api.state("mine") is State.META) is (error is OK)


@asynchronous
async def test_starting_parents_of_others(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api)
        await root.ok("create", name="other/a")
        set_owner(api, "other/a", "alice")
        client = await api.connect(ALICE)
        assert await client.error("start", name="other/a") is PERM
        assert api.state("other") is State.STOPPED
        await root.ok("start", name="other")
        assert await client.error("start", name="other/a") is OK


@asynchronous
async def test_changing_owners(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api)
        client = await api.connect(ALICE)

        async def give(prop, value):
            return await client.error("setProperty", name="mine", property=prop, value=value)

        assert await give("owner_user", "nobody") is PERM
        assert await give("owner_user", "root") is PERM
        assert await give("owner_user", "no such user") is EError.InvalidValue
        assert await give("owner_group", "root") is PERM
        await root.set("mine", "owner_user", "nobody")
        assert await change(client, "mine") is PERM


@asynchronous
async def test_enable_porto_below_a_restricted_parent(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api, "read-only")
        client = await api.connect(ALICE)

        async def allow(value):
            return await client.error(
                "setProperty", name="c/own", property="enable_porto", value=value
            )

        assert await allow("read-only") is OK
        assert await allow("true") is PERM
        await root.set("c", "enable_porto", "none")
        assert await allow("read-only") is PERM
        assert await allow("none") is OK
        await root.set("c/own", "enable_porto", "true")


@asynchronous
async def test_frozen_daemon(tmp_path):
    async with serving(tmp_path) as api:
        root = await tree(api)
        client = await api.connect(ALICE)
        await root.ok("SetSystem", frozen=True)
        assert await change(client, "mine") is EError.PortoFrozen
        assert await client.error("create", name="x") is EError.PortoFrozen
        await client.ok("list")
        assert await change(root, "mine") is OK
        assert (await client.ok("GetSystem")).GetSystem.frozen
        await root.ok("SetSystem", frozen=False)
        assert await change(client, "mine") is OK


@asynchronous
async def test_super_user_privileges(tmp_path):
    async with serving(tmp_path) as api:
        root, client = await api.connect(), await api.connect(ALICE)
        await client.ok("create", name="a")
        assert (
            await client.error("setProperty", name="a", property="stdout_limit", value="2G") is PERM
        )
        await root.set("a", "stdout_limit", "2G")
