"""CPU sets: whatever is asked of whatever machine, nobody gets what is not his."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from porto.kernel.host.topology import Topology
from porto.reconcilers.host.cpuset.requests import Demand, Request, Share, Solution
from porto.reconcilers.host.cpuset.solve import grant, revoke, solve
from porto.spec.containers.names import ROOT, ancestors, parent_name
from porto.spec.cpulist import each_cpu, format_cpus, parse_cpus
from tests.fakes.cpus import machine

EXAMPLES = settings(max_examples=60, deadline=None)
NAMES = ("a", "b", "c", "a/a", "a/b", "b/a", "b/b", "a/a/a", "a/a/b", "b/a/a")


@st.composite
def machines(draw: st.DrawFn) -> Topology:
    threads = draw(st.sampled_from([1, 2, 4]))
    cpus = threads * draw(st.integers(1, 6))
    nodes = draw(st.sampled_from([n for n in (1, 2, 3) if cpus % n == 0]))
    offline = draw(st.sets(st.integers(0, cpus - 1), max_size=cpus - 1))
    return machine(cpus, threads=threads, nodes=nodes, offline=offline)


def requests() -> st.SearchStrategy[Request]:
    counted = st.builds(
        Request, st.sampled_from(["cores", "threads", "reserve"]), st.integers(1, 6)
    )
    nodes = st.builds(Request, st.just("node"), st.integers(0, 3))
    masks = st.builds(Request, st.just("set"), st.just(0), st.integers(1, (1 << 12) - 1))
    return counted | nodes | masks


def demands() -> st.SearchStrategy[Mapping[str, Request]]:
    return st.dictionaries(st.sampled_from(NAMES), requests(), max_size=7)


def check(wishes: Mapping[str, Request], topology: Topology, solution: Solution) -> None:
    """What holds for every allocation."""
    shares = solution.shares
    assert shares[ROOT].affinity == topology.online
    for name, request in wishes.items():
        share, above = shares[name], shares[parent_name(name)]
        assert share.affinity
        assert share.affinity & ~above.affinity == 0
        if ("request", name) in solution.problems:
            assert not share.reserved
            continue
        match request.kind:
            case "set":
                assert share.affinity == request.mask
            case "node":
                assert share.affinity == topology.nodes[request.number]
            case "threads":
                assert share.affinity == share.reserved
                assert share.affinity.bit_count() == request.number
            case "reserve":
                assert share.affinity == above.affinity
                assert share.reserved.bit_count() == request.number
            case "cores":
                used = [topology.cores[cpu] for cpu in each_cpu(share.affinity)]
                assert len(set(used)) == len(used) == request.number
                assert share.reserved == sum(used)
    for name in NAMES:
        assert solution.affinity(name)
        assert solution.affinity(name) & ~solution.affinity(parent_name(name)) == 0
    check_exclusive(wishes, solution)


def check_exclusive(wishes: Mapping[str, Request], solution: Solution) -> None:
    """Nobody inherits, or holds at a sibling's or below one, what somebody holds."""
    shares = solution.shares
    for name, share in shares.items():
        if name == ROOT or not share.reserved:
            continue
        parent = parent_name(name)
        assert shares[parent].vacant & share.reserved == 0
        for other, theirs in shares.items():
            if other == name or other in ancestors(name) or other.startswith(f"{name}/"):
                continue
            if other == parent or (parent != ROOT and not other.startswith(f"{parent}/")):
                continue
            assert share.reserved & theirs.reserved == 0, (name, other)


@EXAMPLES
@given(topology=machines(), wishes=demands())
def test_every_allocation_is_sound(topology: Topology, wishes: Mapping[str, Request]) -> None:
    check(wishes, topology, solve(Demand(wishes), topology, {}))


@EXAMPLES
@given(topology=machines(), wishes=demands(), data=st.data())
def test_the_order_of_names_does_not_matter(
    topology: Topology, wishes: Mapping[str, Request], data: st.DataObject
) -> None:
    mixed = dict(data.draw(st.permutations(list(wishes.items()))))
    assert solve(Demand(wishes), topology, {}) == solve(Demand(mixed), topology, {})


@EXAMPLES
@given(topology=machines(), wishes=demands())
def test_solving_again_moves_nobody(topology: Topology, wishes: Mapping[str, Request]) -> None:
    first = solve(Demand(wishes), topology, {})
    again = solve(Demand(wishes), topology, first.shares)
    assert again.shares == first.shares
    assert again.problems.keys() == first.problems.keys()


@EXAMPLES
@given(topology=machines(), steps=st.lists(demands(), min_size=2, max_size=4))
def test_any_history_is_sound_and_settles(
    topology: Topology, steps: list[Mapping[str, Request]]
) -> None:
    present: Mapping[str, Share] = {}
    for wishes in steps:
        solution = solve(Demand(wishes), topology, present)
        check(wishes, topology, solution)
        again = solve(Demand(wishes), topology, solution.shares)
        assert again.shares == solution.shares
        assert again.problems.keys() == solution.problems.keys()
        present = solution.shares


SMALL = st.builds(Request, st.sampled_from(["cores", "threads", "reserve"]), st.integers(1, 2))


@EXAMPLES
@given(
    threads=st.sampled_from([1, 2]),
    wishes=st.dictionaries(st.sampled_from("abcd"), SMALL, min_size=1),
    data=st.data(),
)
def test_who_holds_stays_when_another_one_leaves(
    threads: int, wishes: Mapping[str, Request], data: st.DataObject
) -> None:
    topology = machine(18, threads=threads)
    before = solve(Demand(wishes), topology, {})
    assert not before.problems
    leaver = data.draw(st.sampled_from(sorted(wishes)))
    left = {name: request for name, request in wishes.items() if name != leaver}
    after = solve(Demand(left), topology, before.shares)
    assert not after.problems
    for name in left:
        assert after.shares[name].reserved == before.shares[name].reserved
        assert after.shares[name].affinity == before.shares[name].affinity


@EXAMPLES
@given(topology=machines(), wishes=demands(), name=st.sampled_from(NAMES), request=requests())
def test_the_quick_ways_say_what_the_solver_says(
    topology: Topology, wishes: Mapping[str, Request], name: str, request: Request
) -> None:
    without = {other: item for other, item in wishes.items() if other != name}
    before = solve(Demand(without), topology, {})
    more = grant(before, name, request, topology)
    if more is not None:
        full = solve(Demand({**without, name: request}), topology, before.shares)
        assert more.problems == full.problems
        for item in NAMES:
            assert more.affinity(item) == full.affinity(item)
        less = revoke(more, name, Demand(without))
        assert less is not None
        for item in NAMES:
            assert less.affinity(item) == before.affinity(item)


@given(mask=st.integers(0, (1 << 300) - 1))
def test_lists_of_cpus_are_read_back(mask: int) -> None:
    assert parse_cpus(format_cpus(mask)) == mask
    assert sum(1 << cpu for cpu in each_cpu(mask)) == mask
