"""The solver of CPU sets: each kind, who gets what, what is refused, who stays."""

import dataclasses
from collections.abc import Mapping

import pytest

from porto.kernel.host.topology import Topology
from porto.reconcilers.host.cpuset.requests import CORE, Demand, Share, Solution, request_of
from porto.reconcilers.host.cpuset.solve import grant, revoke, solve
from porto.spec.codecs import CpuSetCodec
from porto.spec.cpulist import format_cpus, parse_cpus
from tests.fakes.cpus import machine

FLAT = machine(8)
SMT = machine(8, threads=2, nodes=2)


def demand(
    wishes: Mapping[str, str],
    inheriting: Mapping[str, int] | None = None,
    guaranteed: Mapping[str, int] | None = None,
) -> Demand:
    requests = {name: request_of(CpuSetCodec().parse(text)) for name, text in wishes.items()}
    return Demand(
        {name: request for name, request in requests.items() if request is not None},
        inheriting or {},
        guaranteed or {},
    )


def solved(
    topology: Topology, present: Mapping[str, Share] | None = None, **wishes: str
) -> Solution:
    """Names with ``__`` for the slash."""
    names = {name.replace("__", "/"): text for name, text in wishes.items()}
    return solve(demand(names), topology, present or {})


def cpus(solution: Solution, name: str) -> str:
    return format_cpus(solution.affinity(name))


@pytest.mark.parametrize(
    ("topology", "wish", "affinity", "left"),
    [
        (FLAT, "0-3,5", "0-3,5", "0-7"),
        (FLAT, "node 0", "0-7", "0-7"),
        (SMT, "node 1", "4-7", "0-7"),
        (SMT, "node 0", "0-3", "0-7"),
        (FLAT, "threads 3", "0-2", "3-7"),
        (SMT, "threads 3", "0-2", "3-7"),
        (FLAT, "cores 2", "0-1", "2-7"),
        (SMT, "cores 2", "0,2", "4-7"),
        (FLAT, "reserve 2", "0-7", "2-7"),
        (SMT, "reserve 3", "0-7", "3-7"),
        (machine(8, threads=2, offline=[1]), "cores 1", "0", "2-7"),
        (machine(8, threads=2, offline=[0]), "threads 1", "1", "2-7"),
        (machine(8, threads=4), "cores 1", "0", "4-7"),
    ],
)
def test_each_kind(topology: Topology, wish: str, affinity: str, left: str) -> None:
    solution = solved(topology, a=wish)
    assert solution.problems == {}
    assert cpus(solution, "a") == affinity
    assert cpus(solution, "other") == left
    assert cpus(solution, "other/below") == left


@pytest.mark.parametrize(
    ("topology", "wish", "reason"),
    [
        (FLAT, "8", "the host does not have CPU 8"),
        (FLAT, "6-9", "the host does not have CPU 8-9"),
        (machine(4, offline=[2]), "2", "the host does not have CPU 2"),
        (FLAT, "node 1", "there is no NUMA node 1"),
        (machine(4, nodes=2, offline=[2, 3]), "node 1", "NUMA node 1 has no CPU online"),
        (FLAT, "threads 9", "the host has 8 CPUs vacant, not 9"),
        (FLAT, "reserve 9", "the host has 8 CPUs vacant, not 9"),
        (SMT, "cores 5", "the host has 4 cores vacant, not 5"),
    ],
)
def test_what_the_host_cannot_give(topology: Topology, wish: str, reason: str) -> None:
    solution = solved(topology, a=wish)
    assert solution.problems == {("request", "a"): reason}
    assert solution.affinity("a") & ~topology.online == 0
    assert solution.affinity("a")
    assert solution.affinity("other") == topology.online


@pytest.mark.parametrize("wish", ["threads 8", "reserve 8", "cores 8"])
def test_the_host_keeps_a_vacant_cpu(wish: str) -> None:
    assert solved(FLAT, a=wish).problems == {("vacant", "/"): "no CPU of the host is left vacant"}


def test_exclusive_ones_share_nothing() -> None:
    solution = solved(SMT, a="cores 1", b="threads 3", c="reserve 1", d="4-7")
    assert solution.problems == {}
    assert cpus(solution, "a") == "0"
    assert cpus(solution, "b") == "2-4"
    assert cpus(solution, "c") == "0-7"
    assert cpus(solution, "d") == "4-7"
    assert cpus(solution, "e") == "6-7"


def test_half_used_cores_first() -> None:
    solution = solved(SMT, a="threads 1", b="cores 2", c="threads 2")
    assert cpus(solution, "b") == "0,2"
    assert cpus(solution, "a") == "4"
    assert cpus(solution, "c") == "5-6"


def test_what_masks_name_is_taken_last() -> None:
    solution = solved(FLAT, a="0-2", b="threads 2", c__d="3")
    assert cpus(solution, "b") == "4-5"
    assert solution.problems == {}


def test_what_a_child_names_is_taken_first() -> None:
    solution = solved(FLAT, a="threads 2", a__b="5")
    assert cpus(solution, "a") == "0,5"
    assert cpus(solution, "a/b") == "5"


def test_a_child_has_what_its_parent_has() -> None:
    solution = solved(SMT, a="node 1", a__b="threads 2", a__c="cores 1")
    assert solution.problems == {}
    assert cpus(solution, "a/c") == "4"
    assert cpus(solution, "a/b") == "6-7"
    assert solution.affinity("a/d") == solution.affinity("a")


def test_a_child_beyond_its_parent() -> None:
    solution = solved(SMT, a="0-3", a__b="3-4", a__c="node 1", a__d="threads 5")
    assert solution.problems == {
        ("request", "a/b"): "a does not have CPU 4",
        ("request", "a/c"): "a does not have CPU 4-7",
        ("request", "a/d"): "a has 4 CPUs vacant, not 5",
    }
    assert cpus(solution, "a/b") == "3"


def test_a_parent_may_be_left_without_vacant_cpus_unless_somebody_inherits() -> None:
    wishes = {"a": "threads 2", "a/b": "threads 2"}
    assert solve(demand(wishes), FLAT, {}).problems == {}
    problems = solve(demand(wishes, {"a": 1}), FLAT, {}).problems
    assert problems == {("vacant", "a"): "no CPU of a is left vacant"}


def test_cores_below_cores_and_below_threads() -> None:
    solution = solved(SMT, a="cores 2", a__b="cores 1", c="threads 1", c__d="cores 1")
    assert cpus(solution, "a/b") == "0"
    assert solution.problems == {("request", "c/d"): "c has 0 cores vacant, not 1"}


def test_below_a_reserve_its_own_cpus_first_and_never_another_ones() -> None:
    solution = solved(
        FLAT, a="threads 2", b="reserve 2", b__c="threads 1", b__d="threads 5", b__e="threads 1"
    )
    assert cpus(solution, "a") == "0-1"
    assert cpus(solution, "b/c") == "2"
    assert solution.affinity("b/d") & solution.affinity("a") == 0
    assert ("request", "b/e") in solution.problems or ("request", "b/d") in solution.problems


def test_below_a_mask_not_what_a_sibling_holds() -> None:
    present = {"a": Share(affinity=1, reserved=1)}
    solution = solved(FLAT, present, a="threads 1", b="0-1", b__c="threads 1")
    assert cpus(solution, "a") == "0"
    assert cpus(solution, "b/c") == "1"


@pytest.mark.parametrize("guaranteed", [5 * CORE, 5 * CORE + 1])
def test_guarantees_above_the_vacant_cpus(guaranteed: int) -> None:
    solution = solve(demand({"a": "threads 3"}, {}, {"/": guaranteed}), FLAT, {})
    assert bool(solution.problems) == (guaranteed > 5 * CORE)


def test_guarantees_do_not_matter_when_nothing_is_reserved() -> None:
    assert solve(demand({"a": "0"}, {}, {"/": 99 * CORE}), FLAT, {}).problems == {}


def test_who_holds_stays() -> None:
    first = solved(SMT, a="threads 1", b="threads 1", c="cores 1")
    assert (cpus(first, "a"), cpus(first, "b"), cpus(first, "c")) == ("2", "3", "0")
    without = solved(SMT, first.shares, b="threads 1", c="cores 1")
    assert (cpus(without, "b"), cpus(without, "c")) == ("3", "0")
    grown = solved(SMT, without.shares, b="threads 2", c="cores 2")
    assert cpus(grown, "b").startswith("2-3")
    assert "0" in cpus(grown, "c")
    shrunk = solved(SMT, grown.shares, b="threads 1", c="cores 1")
    assert shrunk.affinity("b") & ~grown.affinity("b") == 0
    assert shrunk.affinity("c") & ~grown.affinity("c") == 0


def test_a_newcomer_displaces_nobody() -> None:
    first = solved(machine(3), b="threads 1")
    assert solved(machine(3), first.shares, a="threads 2", b="threads 1").problems == {
        ("vacant", "/"): "no CPU of the host is left vacant"
    }
    again = solved(machine(3), first.shares, a="threads 1", b="threads 1")
    assert (cpus(again, "b"), cpus(again, "a")) == ("0", "1")
    refused = solved(machine(3), again.shares, a="threads 3", b="threads 1")
    assert set(refused.problems) == {("request", "a")}


def test_cores_push_threads_away_when_there_is_no_other_room() -> None:
    present = {
        name: Share(affinity=1 << cpu, reserved=1 << cpu) for name, cpu in (("a", 0), ("b", 2))
    }
    solution = solved(machine(6, threads=2), present, a="threads 1", b="threads 1", c="cores 2")
    assert ("request", "c") not in solution.problems
    assert solution.affinity("a") & solution.affinity("b") == 0


def test_a_cpu_that_went_offline() -> None:
    first = solved(FLAT, a="threads 2", b="0-1")
    topology = machine(8, offline=[0])
    solution = solve(demand({"a": "threads 2", "b": "0-1"}), topology, first.shares)
    assert solution.problems == {("request", "b"): "the host does not have CPU 0"}
    assert cpus(solution, "b") == "1"
    assert solution.affinity("a").bit_count() == 2
    assert solution.affinity("a") & 1 == 0


def test_one_more_mask_is_granted_as_if_all_were_solved() -> None:
    wishes = {"a": "threads 2", "b": "2-5", "b/c": "threads 1"}
    before = solve(demand(wishes), FLAT, {})
    for name, wish in (("d", "0-3"), ("d", "node 0"), ("b/d", "2-3"), ("a/x", "0")):
        request = request_of(CpuSetCodec().parse(wish))
        assert request is not None
        quick = grant(before, name, request, FLAT)
        assert quick is not None
        full = solve(demand({**wishes, name: wish}), FLAT, before.shares)
        assert quick.shares == full.shares
        assert quick.problems == full.problems


@pytest.mark.parametrize(
    ("name", "wish"), [("d", "threads 1"), ("d", "9"), ("b", "0"), ("x/y", "0"), ("d", "node 3")]
)
def test_the_quick_way_knows_its_limits(name: str, wish: str) -> None:
    before = solve(demand({"a": "threads 2", "b/c": "2"}), FLAT, {})
    request = request_of(CpuSetCodec().parse(wish))
    assert request is not None
    assert grant(before, name, request, FLAT) is None


def test_one_mask_less_is_taken_back_as_if_all_were_solved() -> None:
    wishes = {"a": "threads 2", "b": "2-5"}
    before = solve(demand({**wishes, "d": "0-3"}), FLAT, {})
    quick = revoke(before, "d", demand(wishes))
    assert quick is not None
    assert quick.shares == solve(demand(wishes), FLAT, before.shares).shares
    assert revoke(before, "d", demand({**wishes, "d/e": "1"})) is None
    assert (
        revoke(dataclasses.replace(before, problems={("request", "x"): ""}), "d", demand({}))
        is None
    )


def test_numbers_of_cpus_may_be_large() -> None:
    topology = machine(2048, threads=2, nodes=8)
    solution = solved(topology, a="2047", b="cores 500", c="node 7")
    assert solution.problems == {}
    assert solution.affinity("a") == parse_cpus("2047")
    assert solution.affinity("b").bit_count() == 500


@pytest.mark.parametrize("wish", ["cores 1", "threads 1", "reserve 1"])
def test_who_was_refused_takes_nothing_from_who_holds(wish: str) -> None:
    """Though he uses, among all others' rest, as many CPUs as he has asked for."""
    before = solved(FLAT, p="0", p__b=wish).shares
    for _ in range(3):
        solution = solved(FLAT, before, p="0", p__a=wish, p__b=wish)
        assert solution.shares["p/b"].reserved == 1
        assert ("request", "p/a") in solution.problems
        before = solution.shares


def test_who_wants_another_core_comes_after_who_keeps_his() -> None:
    topology = machine(4, threads=2)
    before = solved(topology, p="0-3", p__a="cores 1", p__b="cores 1").shares
    solution = solved(topology, before, p="0-3", p__a="cores 2", p__b="cores 1")
    assert solution.shares["p/b"] == before["p/b"]
    assert ("request", "p/a") in solution.problems


def test_cpus_are_taken_from_the_node_that_the_own_children_name() -> None:
    solution = solved(SMT, a="threads 4", a__b="node 1")
    assert (cpus(solution, "a"), cpus(solution, "a/b")) == ("4-7", "4-7")
    assert not solution.problems
