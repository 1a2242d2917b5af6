"""The live facet that is a set of cgroup knobs of one controller.

A facet derives from `KnobFacet` and says what the knobs shall be; which knobs there
are is the knowledge of `kernel/cgroup/v1/` and `v2/`. Want and have are compared in
canonical text, so that a second pass changes nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from porto.kernel.cgroup.driver import CgroupDriver
from porto.reconcilers.containers.effects import WriteKnob
from porto.reconcilers.containers.target import Shown, Target
from porto.reconcilers.engine.change import Change, Effect
from porto.spec.containers.spec import SPEC_PROPERTIES
from porto.spec.errors import NotSupported


class KnobFacet(ABC):
    """Keeps the knobs of one controller at what the properties say.

    name       -- `Prop.owner` of its properties
    controller -- in the words of the property `controllers`
    """

    name: str
    controller: str

    def __init__(self, driver: CgroupDriver) -> None:
        self.driver = driver
        self._needing = tuple(
            prop
            for prop in SPEC_PROPERTIES
            if prop.prop.owner == self.name and self.controller in prop.prop.needs
        )

    @abstractmethod
    def want(self, target: Target) -> Mapping[str, str]:
        """{knob: canonical text}, in the order in which they are written."""

    def plan(self, target: Target) -> Sequence[Change]:
        """The difference of each knob, when the container has the controller itself.

        Raises NotSupported for a property that needs the controller and has none.
        """
        if not target.group.owns(self.controller):
            self.refuse(target)
            return ()
        return self.compare(target, self.want(target))

    def compare(self, target: Target, wanted: Mapping[str, str]) -> Sequence[Change]:
        """The knobs that do not say what is wanted."""
        changes = []
        for knob, want in wanted.items():
            have = self.have(target, knob)
            if have != want:
                changes.append(
                    Change(self.name, knob, want, have, self.effect(target, knob, want, have))
                )
        return changes

    def show(self, target: Target) -> Sequence[Shown]:
        """All knobs of a controller that the container has itself."""
        if not target.group.owns(self.controller):
            return ()
        wanted = self.want(target).items()
        return [Shown(knob, want, self.have(target, knob)) for knob, want in wanted]

    def have(self, target: Target, knob: str) -> str:
        """What a knob says, in canonical text; of a new group the kernel's default."""
        if target.is_new:
            text = self.driver.fresh(self.controller, knob)
        else:
            text = target.look(self.driver.read, target.group, self.controller, knob)
        return self.driver.canonical(knob, text)

    def effect(self, target: Target, knob: str, want: str, have: str) -> Effect:
        """How a knob is changed."""
        return WriteKnob(target.group, self.controller, knob, want)

    def refuse(self, target: Target) -> None:
        """Raise NotSupported when a property needs the controller, which is not there."""
        spec = target.record.spec
        for prop in self._needing:
            value = spec.value(prop)
            if value != prop.default:
                raise NotSupported(
                    f"cannot set {prop.name} of {target.name} to {prop.codec.format(value)}: "
                    f"it has no {self.controller} controller"
                )
