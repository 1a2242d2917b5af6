"""Plan: what documents and requests would change; nothing is done."""

import dataclasses

import pytest

from porto.spec.containers.spec import DEFAULT_SPEC, find_property
from porto.spec.containers.status import State
from porto.spec.errors import EError, ResourceNotAvailable
from porto.spec.preview import KernelChange, When
from porto.spec.records.record import Run
from porto.spec.sources.claims import FILE_KEY
from tests.fakes.api import ALICE, BOB, CAROL, asynchronous, serving

PIDS = KernelChange("pids", "pids.max", "9", "max", "thread_limit", When.LIVE)


def spec(plan):
    """(property, before, after) of each change; None where it is not set."""
    return [
        (
            item.property,
            item.before if item.HasField("before") else None,
            item.after if item.HasField("after") else None,
        )
        for item in plan.spec
    ]


async def acts(client, *actions):
    keys = ("verb", "name", "property", "value")
    rows = [dict(zip(keys, action, strict=False)) for action in actions]
    return list((await client.ok("Plan", action=rows)).Plan.object)


async def documents(client, directory=(), **texts):
    rows = [{"path": path, "text": text} for path, text in texts.items()]
    return (await client.ok("Plan", document=rows, directory=directory)).Plan


@asynchronous
async def test_a_set_shows_both_values_and_the_kernel(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.ok("start", name="a")
        api.foresight.kernel["a"] = [PIDS]
        before = api.store.get("a")
        (plan,) = await acts(client, ("set", "a", "thread_limit", "9"))
        assert (plan.kind, plan.name, plan.action) == ("container", "a", "change")
        assert spec(plan) == [("thread_limit", None, "9")]
        assert plan.spec[0].origin == "api"
        (kernel,) = plan.kernel
        assert (kernel.subject, kernel.want, kernel.have) == ("pids.max", "9", "max")
        assert (kernel.facet, kernel.why, kernel.when) == ("pids", "thread_limit", "live")
        assert api.store.get("a") is before
        assert api.engine.passes == ["a"]
        turn = api.foresight.seen[-1]
        assert turn.before is before
        assert turn.after.spec.pids.thread_limit == 9


@asynchronous
async def test_a_start_takes_the_stopped_ancestors_along(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "a/b"):
            await client.ok("create", name=name)
        found = await acts(client, ("start", "a/b"))
        assert [(plan.name, plan.action) for plan in found] == [("a", "start"), ("a/b", "start")]
        assert api.state("a") is State.STOPPED


@asynchronous
async def test_a_destroy_takes_the_children_along_and_tells_no_properties(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        await client.set("a", "thread_limit", "9")
        await client.ok("create", name="a/b")
        found = await acts(client, ("destroy", "a"))
        assert [(plan.name, plan.action) for plan in found] == [
            ("a", "destroy"),
            ("a/b", "destroy"),
        ]
        assert not found[0].spec
        assert api.store.get("a").intent.run is Run.STOPPED


@asynchronous
async def test_actions_follow_each_other(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        (plan,) = await acts(
            client, ("set", "a", "thread_limit", "9"), ("start", "a"), ("stop", "a")
        )
        assert plan.action == "change"
        (plan,) = await acts(client, ("set", "a", "thread_limit", "9"), ("start", "a"))
        assert plan.action == "start"
        assert spec(plan) == [("thread_limit", None, "9")]


@asynchronous
async def test_what_changes_nothing_is_told_as_unchanged(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        (plan,) = await acts(client, ("stop", "a"))
        assert (plan.name, plan.action, plan.error) == ("a", "unchanged", "")


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (("set", "a", "thread_limit", "many"), "cannot set thread_limit of a to 'many'"),
        (("set", "a", "no_such", "1"), "no such property"),
        (("stop", "missing"), "no such container"),
        (("start", "/"), "root container is read-only"),
        (("fly", "a"), "not one of set, start, stop, destroy"),
    ],
)
@asynchronous
async def test_what_would_be_refused_says_why(tmp_path, action, error):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        (plan,) = await acts(client, action)
        assert plan.action == "unchanged"
        assert error in plan.error


@asynchronous
async def test_a_kernel_that_would_refuse_is_an_error_of_that_object(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        api.foresight.failures["a"] = ResourceNotAvailable("cannot start a: no CPUs")
        (plan,) = await acts(client, ("start", "a"))
        assert (plan.action, plan.error) == ("start", "cannot start a: no CPUs")


@asynchronous
async def test_others_that_it_concerns_are_told_with_the_cause(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        for name in ("a", "b", "c"):
            await client.ok("create", name=name)
        api.foresight.others["a"] = ["a", "b", "c"]
        api.foresight.kernel["b"] = [PIDS]
        found = await acts(client, ("set", "a", "thread_limit", "9"))
        assert [(plan.name, list(plan.reason)) for plan in found] == [
            ("a", []),
            ("b", ["because of a"]),
        ]


# -- rights -----------------------------------------------------------------------


@asynchronous
async def test_a_plan_says_what_the_client_may_not_do(tmp_path):
    async with serving(tmp_path) as api:
        alice, bob, carol = [await api.connect(uid) for uid in (ALICE, BOB, CAROL)]
        await alice.ok("create", name="a")
        (plan,) = await acts(bob, ("set", "a", "thread_limit", "9"))
        assert "it belongs to alice" in plan.error
        assert not plan.spec
        (plan,) = await acts(carol, ("destroy", "a"))
        assert "Write access denied" in plan.error
        (plan,) = await acts(alice, ("set", "a", "owner_user", "nobody"))
        assert "the client acts as alice" in plan.error
        (plan,) = await acts(alice, ("set", "a", "thread_limit", "9"))
        assert not plan.error


@asynchronous
async def test_a_frozen_daemon_would_refuse(tmp_path):
    async with serving(tmp_path) as api:
        root, alice = await api.connect(), await api.connect(ALICE)
        await alice.ok("create", name="a")
        await root.ok("SetSystem", frozen=True)
        (plan,) = await acts(alice, ("start", "a"))
        assert "frozen" in plan.error


@asynchronous
async def test_a_contained_client_sees_its_own_part_only(tmp_path):
    async with serving(tmp_path) as api:
        root = await api.connect()
        for name in ("a", "a/b", "other"):
            await root.ok("create", name=name)
            await root.set(name, "command", "sleep 1")
        await root.set("a", "enable_porto", "isolate")
        await root.ok("start", name="a")
        inside = await api.connect(container="a")
        api.foresight.others["a/b"] = ["other"]
        api.foresight.kernel["other"] = [PIDS]
        (plan,) = await acts(inside, ("set", "b", "thread_limit", "9"))
        assert (plan.name, spec(plan)) == ("b", [("thread_limit", None, "9")])
        (plan,) = await acts(inside, ("destroy", "/porto/other"))
        assert "out of namespace" in plan.error


@asynchronous
async def test_a_read_isolated_client_may_look_but_its_plan_fails(tmp_path):
    async with serving(tmp_path) as api:
        root = await api.connect()
        await root.ok("create", name="a")
        await root.set("a", "command", "sleep 1")
        await root.set("a", "enable_porto", "read-isolate")
        await root.ok("start", name="a")
        await root.ok("create", name="a/b")
        inside = await api.connect(container="a")
        (plan,) = await acts(inside, ("destroy", "b"))
        assert "Write access denied" in plan.error
        answer = await documents(inside, **{"-": "name: b\nthread_limit: 9\n"})
        assert [(item.name, spec(item)) for item in answer.object] == [
            ("b", [("thread_limit", None, "9")])
        ]
        await root.ok("create", name="other")
        (plan,) = (await documents(inside, **{"-": "name: /porto/other\n"})).object
        assert (plan.name, plan.action) == ("other", "create")  # a/other, not the host's


# -- documents --------------------------------------------------------------------


@asynchronous
async def test_a_document_creates_and_starts(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        api.foresight.kernel["web"] = [dataclasses.replace(PIDS, when=When.START)]
        answer = await documents(
            client, **{"/x/web.yaml": "name: web\ncommand: sleep 1\nthread_limit: 9\n"}
        )
        (plan,) = answer.object
        assert (plan.name, plan.action) == ("web", "create")
        assert spec(plan) == [("command", None, "sleep 1"), ("thread_limit", None, "9")]
        assert [item.origin for item in plan.spec] == ["file:/x/web.yaml:2", "file:/x/web.yaml:3"]
        assert list(plan.reason) == ["it would be started"]
        assert plan.kernel[0].when == "start"
        assert not answer.problem
        assert api.store.names() == []


@asynchronous
async def test_a_document_without_a_file_is_yaml(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        answer = await documents(client, **{"-": "name: web\nstart: false\n"})
        (plan,) = answer.object
        assert (plan.name, plan.action) == ("web", "create")
        assert list(plan.reason) == ["it would stay stopped"]


@asynchronous
async def test_a_bad_document_is_a_problem_with_its_line(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        answer = await documents(client, **{"/x/a.yaml": "name: a\nthread_limit: many\n"})
        (problem,) = answer.problem
        assert (problem.path, problem.line, problem.property) == ("/x/a.yaml", 2, "thread_limit")
        assert not answer.object


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nname: w\n",
        "[" * 5000,
        "name: [" * 100,
        "!!python/object/apply:os.system ['true']",
        "\x00",
        "name: w\n" * 10_000,
    ],
)
@asynchronous
async def test_hostile_documents_are_problems(tmp_path, text):
    async with serving(tmp_path) as api:
        client = await api.connect(CAROL)
        answer = await documents(client, **{"/x/a.yaml": text})
        assert answer.problem
        assert not answer.object


@asynchronous
async def test_the_daemon_opens_no_path_of_the_clients(tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("name: web\nprivate: secret\n")
    async with serving(tmp_path) as api:
        client = await api.connect(CAROL)
        answer = await documents(client, [str(tmp_path)], **{str(secret): "name: other\n"})
        assert [plan.name for plan in answer.object] == ["other"]
        assert "secret\n" not in str(answer)


@asynchronous
async def test_a_directory_tells_what_goes(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        store = api.store
        prop = find_property("thread_limit")
        for name, path in (("keep", "/x/keep.CT"), ("gone", "/x/gone.CT"), ("far", "/y/far.CT")):
            record = store.create(
                name, DEFAULT_SPEC.with_value(prop, 3), now=1.0, origins={FILE_KEY: path}
            )
            store.put(dataclasses.replace(record, source=path), now=1.0)
        answer = await documents(client, ["/x"], **{"/x/keep.CT": "thread_limit = 3\n"})
        assert {plan.name: plan.action for plan in answer.object} == {
            "keep": "start",
            "gone": "destroy",
        }
        only = await documents(client, **{"/x/keep.CT": "thread_limit = 3\n"})
        assert [plan.name for plan in only.object] == ["keep"]


@asynchronous
async def test_a_restart_and_its_reason(tmp_path):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="web")
        await client.set("web", "command", "sleep 1")
        await client.ok("start", name="web")
        text = "name: web\ncommand: sleep 2\n"
        (plan,) = (await documents(client, **{"/x/web.yaml": text})).object
        assert (plan.action, spec(plan)) == ("restart", [("command", "sleep 1", "sleep 2")])
        assert api.store.get("web").intent.launch == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"document": [{"path": f"/x/{n}.CT", "text": ""} for n in range(2001)]},
        {"directory": ["/x"] * 101},
        {"action": [{"verb": "stop", "name": "a"}] * 1001},
        {"document": [{"path": "/x/a.CT", "text": "#" * (1 << 20) + "#"}]},
        {
            "document": [{"path": "-", "text": ""}],
            "action": [{"verb": "stop", "name": "a"}],
        },
    ],
)
@asynchronous
async def test_bounds(tmp_path, fields):
    async with serving(tmp_path) as api:
        client = await api.connect(CAROL)
        assert await client.error("Plan", **fields) == EError.InvalidValue


@asynchronous
async def test_a_reply_is_bounded(tmp_path, monkeypatch):
    async with serving(tmp_path) as api:
        client = await api.connect()
        await client.ok("create", name="a")
        monkeypatch.setattr("porto.api.previews.REPLY_BYTES_MAX", 10)
        action = [{"verb": "start", "name": "a"}]
        assert await client.error("Plan", action=action) == EError.ResourceNotAvailable
        assert await client.error("Diff") == EError.ResourceNotAvailable
