"""The controller of device access: one meaning over `v1/devices.py` and `v2/devices.py`.

Reached as ``driver.devices``. Rules: `spec/device_rules.py`.
"""

import functools
from collections.abc import Mapping
from typing import Protocol

from porto.kernel.cgroup.group import Group
from porto.spec.device_rules import Rules

EVERYTHING = "a *:* rwm"
"""What `state` says of a group that nothing is forbidden to, in the kernel's words."""


@functools.lru_cache(maxsize=1024)
def text_of(rules: Rules) -> str:
    """Rules on one line, as `state` says them; "" allows nothing."""
    return "; ".join(map(str, rules))


class Devices(Protocol):
    """Rules to the kernel, and what the kernel has.

    knob      -- names what is written, for messages
    announced -- whether somebody else's change is a write to a file of the group
    """

    knob: str
    announced: bool

    def unsupported(self) -> Mapping[str, str]:
        """Why a feature is not there, by its name."""

    def render(self, rules: Rules) -> str:
        """What `state` says while exactly these rules are in force."""

    def state(self, group: Group) -> str:
        """What is in force in the group's own directory, in canonical text."""

    def enforce(self, group: Group, rules: Rules) -> None:
        """Put the rules in force.

        On the way nothing is allowed that neither the old nor the new rules allow, and
        nothing refused that both allow. Idempotent.
        """
