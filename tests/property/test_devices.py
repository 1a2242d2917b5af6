"""Device rules: the program decides as the rules do, and lists change without a gap."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from porto.kernel.cgroup.v1.devices import ALLOW, parse, steps
from porto.kernel.cgroup.v2.devices import assemble
from porto.spec.device_rules import ALL, Rule, Rules, covers, overlay
from tests.fakes import bpf_machine
from tests.fakes.device_lists import DeviceLists

EXAMPLES = settings(max_examples=100, deadline=None)
KINDS = st.sampled_from("bc")
# Few numbers, so that rules meet; and the largest that a device can have.
MAJORS = st.sampled_from([0, 1, 2, 136, (1 << 12) - 1])
MINORS = st.sampled_from([0, 3, 4, (1 << 20) - 1])
ACCESS = st.integers(1, ALL)


def rules() -> st.SearchStrategy[Rules]:
    """Any rules that an administrator could write."""
    one = st.builds(Rule, KINDS, st.none() | MAJORS, st.none() | MINORS, ACCESS)
    return st.lists(one, max_size=6).map(lambda found: overlay((), found))


WANTED = st.builds(Rule, KINDS, MAJORS, MINORS, ACCESS)


@EXAMPLES
@given(rules=rules(), wanted=st.lists(WANTED, min_size=1, max_size=8))
def test_the_program_decides_as_the_rules_do(rules: Rules, wanted: list[Rule]) -> None:
    code = assemble(rules)
    for rule in wanted:
        kind, major, minor, access = rule
        assert major is not None
        assert minor is not None
        assert bpf_machine.run(code, kind, major, minor, access) is covers(rules, rule)


def mixed(old: Rules, new: Rules) -> int:
    """Rules that gain some letters and lose others."""
    have = {rule[:3]: rule.access for rule in old}
    both = [(have[rule[:3]], rule.access) for rule in new if rule[:3] in have]
    return sum(bool(a & ~b and b & ~a) for a, b in both)


def replay(old: Rules, new: Rules) -> Any:
    """The kernel's list before, between and after the writes."""
    lists = DeviceLists()
    lists.add("/a")
    lists.write("/a", "a", allow=False)
    for rule in old:
        lists.write("/a", str(rule), allow=True)
    yield parse(lists.read("/a"))
    for knob, line in steps(old, new):
        lists.write("/a", line, allow=knob == ALLOW)
        yield parse(lists.read("/a"))


@EXAMPLES
@given(old=rules(), new=rules(), wanted=st.lists(WANTED, max_size=8))
def test_a_list_is_never_wider_than_before_and_after(
    old: Rules, new: Rules, wanted: list[Rule]
) -> None:
    found = list(replay(old, new))
    assert (found[0], found[-1]) == (old, new)
    for present in found:
        for rule in wanted:
            if covers(present, rule):
                assert covers(old, rule) or covers(new, rule)


@EXAMPLES
@given(old=rules(), new=rules(), wanted=st.lists(WANTED, max_size=8))
def test_what_stays_allowed_is_allowed_all_the_time(
    old: Rules, new: Rules, wanted: list[Rule]
) -> None:
    # Two rules over the same device that swap letters cannot be changed without a gap.
    assume(mixed(old, new) < 2)
    for present in replay(old, new):
        for rule in wanted:
            if covers(old, rule) and covers(new, rule):
                assert covers(present, rule)
