"""Which controllers a container has: the value's syntax, the rules, the set that follows."""

from typing import Any

import pytest

from porto.spec.codecs import ControllersCodec, TextMapCodec
from porto.spec.codecs.controllers import WORDS, chosen
from porto.spec.containers import operations
from porto.spec.containers.admission import Admission
from porto.spec.containers.controllers import ControllerSets
from porto.spec.containers.operations import Actor, Credentials
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.containers.store import ContainerStore
from porto.spec.errors import EError, InvalidState, InvalidValue, NotSupported, Unknown
from porto.spec.host import Host
from porto.spec.prop import Rejected

ME = Actor()
CODEC = ControllersCodec()
HOST = frozenset({"freezer", "memory", "cpu", "cpuacct", "net_cls", "net_prio", "pids"})
PAIRS = ({"cpu", "cpuacct"}, {"net_cls", "net_prio"})


class Offer:
    """A v1 host with Debian's mounts."""

    controllers = HOST

    def default_controllers(self, level: int) -> frozenset[str]:
        return HOST if level <= 1 else frozenset({"freezer"})

    def bound(self, controllers: frozenset[str]) -> frozenset[str]:
        return controllers.union({"freezer"}, *(pair for pair in PAIRS if pair & controllers))


class Rig:
    def __init__(self) -> None:
        self.store = ContainerStore(None, admission=Admission(Host(controllers=HOST)))
        self.sets = ControllerSets(self.store, Offer())

    def create(self, name: str, **values: str) -> ContainerRecord:
        record = operations.create(self.store, name, actor=ME, credentials=Credentials(), now=1.0)
        for key, text in values.items():
            record = self.put(name, key, text)
        return record

    def put(self, name: str, key: str, text: str) -> ContainerRecord:
        record = self.store.get(name)
        return operations.set_property(self.store, record, key, text, actor=ME, now=2.0)

    def wanted(self, name: str) -> set[str]:
        return set(self.sets.wanted(self.store.get(name)))


@pytest.fixture
def rig() -> Rig:
    return Rig()


class TestSyntax:
    @pytest.mark.parametrize(
        ("text", "value", "shown"),
        [
            ("", (), ""),
            ("cpu;memory", ("memory", "cpu"), "memory;cpu"),
            (" cpu ;; memory;cpu; ", ("memory", "cpu"), "memory;cpu"),
            ("cpu: true", (("cpu", True),), "cpu: true"),
            (
                "pids:false;memory : true",
                (("memory", True), ("pids", False)),
                "memory: true; pids: false",
            ),
            ("cpu: true; cpu: false", (("cpu", False),), "cpu: false"),
        ],
    )
    def test_both_forms(self, text: str, value: Any, shown: str) -> None:
        assert CODEC.parse(text) == value
        assert CODEC.format(value) == shown
        assert CODEC.parse(shown) == value

    def test_an_element(self) -> None:
        assert CODEC.set_index((), "cpu", "true") == (("cpu", True),)
        assert CODEC.set_index((("cpu", True),), "memory", "false") == (
            ("memory", False),
            ("cpu", True),
        )
        assert CODEC.set_index(("memory",), "cpu;pids", "true") == ("memory", "cpu", "pids")
        assert CODEC.set_index(("memory", "cpu"), "cpu", "false") == ("memory",)
        assert CODEC.get_index(("memory", "cpu"), "cpu; memory") == "true"
        assert CODEC.get_index(("memory", "cpu"), "cpu;pids") == "false"

    @pytest.mark.parametrize(
        ("index", "text", "code"),
        [
            ("nonsense", "true", EError.InvalidValue),
            ("", "true", EError.InvalidValue),
            (";", "true", EError.InvalidValue),
            ("cpu", "", EError.Unknown),
            ("cpu", "True", EError.Unknown),
        ],
    )
    def test_a_bad_element(self, index: str, text: str, code: EError) -> None:
        with pytest.raises(Rejected) as caught:
            CODEC.set_index((), index, text)
        assert caught.value.code is code

    def test_documents(self) -> None:
        assert CODEC.native(["cpu", "memory"]) == ("memory", "cpu")
        assert CODEC.native({"cpu": True, "memory": "false"}) == (("memory", False), ("cpu", True))
        assert CODEC.native([["cpu", True]]) == (("cpu", True),)
        for value in (
            5,
            None,
            True,
            ["nonsense"],
            {"cpu": 1},
            [["cpu"]],
            [["cpu", True, 1]],
            [5.5],
        ):
            with pytest.raises(Rejected):
                CODEC.native(value)

    def test_what_a_value_stands_for(self) -> None:
        assert chosen((), {"cpu"}) == {"cpu"}
        assert chosen(("memory",), {"cpu"}) == {"memory"}
        assert chosen((("memory", True), ("cpu", False)), {"cpu", "pids"}) == {"memory", "pids"}

    def test_a_map_of_texts(self) -> None:
        codec = TextMapCodec()
        value = (("a", "/x;y: z"), ("b", ""))
        assert codec.parse(codec.format(value)) == value
        assert codec.get_index(value, "a") == "/x;y: z"
        with pytest.raises(Rejected) as caught:
            codec.get_index(value, "c")
        assert caught.value.code is EError.InvalidProperty


class TestTheSet:
    def test_the_default(self, rig: Rig) -> None:
        rig.create("a")
        rig.create("a/b")
        assert rig.wanted("a") == HOST
        assert rig.wanted("a/b") == {"freezer"}

    def test_what_is_bound_comes_along(self, rig: Rig) -> None:
        rig.create("a", controllers="freezer;cpu")
        assert rig.wanted("a") == {"freezer", "cpu", "cpuacct"}
        rig.put("a", "controllers", "freezer;net_prio")
        assert rig.wanted("a") == {"freezer", "net_cls", "net_prio"}

    def test_changes_to_the_default(self, rig: Rig) -> None:
        rig.create("a")
        rig.create("a/b")
        rig.put("a", "controllers[memory]", "false")
        assert rig.wanted("a") == HOST - {"memory"}
        rig.put("a/b", "controllers[memory]", "true")
        assert rig.wanted("a/b") == {"freezer", "memory"}
        # One that is bound to another is on with it, whatever was asked for.
        rig.put("a", "controllers[cpu]", "false")
        assert {"cpu", "cpuacct"} <= rig.wanted("a")

    def test_what_a_set_property_needs(self, rig: Rig) -> None:
        rig.create("a")
        rig.create("a/b", thread_limit="5")
        assert rig.wanted("a/b") == {"freezer", "pids"}
        for name, text in (("controllers", "freezer"), ("controllers[pids]", "false")):
            with pytest.raises(InvalidValue, match="pids is required by thread_limit"):
                rig.put("a/b", name, text)
        rig.put("a/b", "controllers", "freezer;pids;memory")
        rig.put("a/b", "controllers[memory]", "false")
        assert rig.wanted("a/b") == {"freezer", "pids"}

    def test_a_set_made_before_the_property_grows_by_its_need(self, rig: Rig) -> None:
        rig.create("a", controllers="freezer", thread_limit="5")
        assert rig.wanted("a") == {"freezer", "pids"}

    def test_the_freezer_is_always_there(self, rig: Rig) -> None:
        rig.create("a")
        for name, text in (
            ("controllers", ""),
            ("controllers", "memory"),
            ("controllers", "freezer: false"),
            ("controllers[freezer]", "false"),
        ):
            with pytest.raises(InvalidValue, match="freezer is required by porto"):
                rig.put("a", name, text)

    def test_what_the_host_lacks(self, rig: Rig) -> None:
        rig.create("a")
        for word in sorted(set(WORDS) - HOST):
            with pytest.raises(NotSupported, match=f"no controller {word}"):
                rig.put("a", "controllers", f"freezer;{word}")
            with pytest.raises(NotSupported, match=f"no controller {word}"):
                rig.put("a", f"controllers[{word}]", "true")
            rig.put("a", f"controllers[{word}]", "false")
        assert rig.wanted("a") == HOST

    def test_a_start_where_a_controller_is_gone(self, rig: Rig) -> None:
        record = rig.create("a", controllers="freezer;pids")
        lost = Admission(Host(controllers=frozenset({"freezer"})))
        with pytest.raises(NotSupported, match="cannot start a: this host has no controller pids"):
            lost.check_start(rig.store, record)
        rig.store.admission.check_start(rig.store, record)

    def test_bad_booleans(self, rig: Rig) -> None:
        rig.create("a")
        with pytest.raises(Unknown, match="neither true nor false"):
            rig.put("a", "controllers[memory]", "1")

    def test_a_started_container_has_what_it_was_started_with(self, rig: Rig) -> None:
        record = rig.create("a")
        status = record.with_status(state=State.META, controllers="freezer;pids").status
        record = rig.store.put_status(record, status, now=1.0)
        assert rig.sets.enabled("a") == {"freezer", "pids"}
        record = rig.store.put_status(
            record, record.with_status(state=State.STOPPED).status, now=1.0
        )
        assert rig.sets.enabled("a") == HOST
        assert rig.sets.enabled("nobody") == HOST
        assert rig.sets.enabled("nobody/child") == {"freezer"}

    def test_only_a_stopped_one_takes_another_set(self, rig: Rig) -> None:
        record = rig.create("a")
        operations.start(rig.store, record, actor=ME, now=1.0)
        for name in ("controllers", "controllers[memory]"):
            with pytest.raises(InvalidState):
                rig.put("a", name, "true")
