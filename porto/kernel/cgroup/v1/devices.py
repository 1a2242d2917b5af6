"""The devices controller of v1: rules to lines of ``devices.allow`` and ``devices.deny``.

Made by `driver.py`; meaning: `kernel/cgroup/meaning/devices.py`. Kernel:
admin-guide/cgroup-v1/devices.rst. A new group has its parent's list, can be given no
more than that, and loses what the parent loses.
"""

import functools
from collections.abc import Callable, Iterator, Mapping

from porto.kernel.cgroup.group import Group
from porto.kernel.cgroup.group_files import GroupFiles
from porto.kernel.cgroup.meaning.devices import EVERYTHING, text_of
from porto.spec.device_rules import Rule, Rules, bits, overlay, sorted_rules

LIST, ALLOW, DENY = "devices.list", "devices.allow", "devices.deny"


def parse(text: str) -> Rules | None:
    """The rules of a list; None when nothing is forbidden."""
    found: dict[tuple[str, int | None, int | None], int] = {}
    for line in text.splitlines():
        kind, numbers, letters = line.split()
        if kind == "a":
            return None
        major, minor = (None if word == "*" else int(word) for word in numbers.split(":"))
        found[kind, major, minor] = found.get((kind, major, minor), 0) | bits(letters)
    return sorted_rules(found)


@functools.lru_cache(maxsize=256)
def canonical(text: str) -> str:
    """The list on one line, sorted."""
    rules = parse(text)
    return EVERYTHING if rules is None else text_of(rules)


@functools.lru_cache(maxsize=256)
def steps(have: Rules | None, want: Rules) -> tuple[tuple[str, str], ...]:
    """(knob, line) in the order in which they are written; most containers want the same.

    First what only widens a rule, last what only narrows one: between the two the old
    and the new rules are both in force. A rule that does both loses first, so that its
    old and new letters are never there together.
    """
    return tuple(_steps(have, want))


def _steps(have: Rules | None, want: Rules) -> Iterator[tuple[str, str]]:
    if have is None:
        # Only this ends "everything"; the kernel knows no narrower way.
        yield DENY, "a"
        have = ()
    old = {rule[:3]: rule.access for rule in have}
    new = {rule[:3]: rule.access for rule in want}
    both = [*overlay(have, want)]
    gains = {rule[:3]: new.get(rule[:3], 0) & ~old.get(rule[:3], 0) for rule in both}
    losses = {rule[:3]: old.get(rule[:3], 0) & ~new.get(rule[:3], 0) for rule in both}
    for key, gain in gains.items():
        if gain and not losses[key]:
            yield ALLOW, str(Rule(*key, gain))
    for key, gain in gains.items():
        if gain and losses[key]:
            yield DENY, str(Rule(*key, losses[key]))
            yield ALLOW, str(Rule(*key, gain))
    for key, loss in losses.items():
        if loss and not gains[key]:
            yield DENY, str(Rule(*key, loss))


CANONICAL: Mapping[str, Callable[[str], str]] = {LIST: canonical}


class DevicesV1:
    """See `meaning.devices.Devices`."""

    knob = LIST
    announced = True

    def __init__(self, files: GroupFiles) -> None:
        self._files = files

    def unsupported(self) -> Mapping[str, str]:
        """The controller."""
        if "devices" in self._files.controllers:
            return {}
        return {"devices": "this host has no devices controller"}

    def render(self, rules: Rules) -> str:
        """The canonical list."""
        return text_of(rules)

    def state(self, group: Group) -> str:
        """The canonical list of the group."""
        return canonical(self._files.read(group, "devices", LIST))

    def enforce(self, group: Group, rules: Rules) -> None:
        """Write the difference, line by line as the kernel wants it."""
        have = parse(self._files.read(group, "devices", LIST))
        for knob, line in steps(have, rules):
            self._files.write(group, "devices", knob, line)
