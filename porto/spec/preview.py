"""What would be done, and why things are as they are: plans and explanations as values.

Made by the API's handlers from the store and from what `reconcilers/` foresees; sent as
they stand. Pure data, of any kind of object. Texts are canonical: those that `get` and
the knobs print.
"""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What becomes of an object as a whole."""

    CREATE = "create"
    CHANGE = "change"
    START = "start"
    RESTART = "restart"
    STOP = "stop"
    DESTROY = "destroy"
    UNCHANGED = "unchanged"


class When(StrEnum):
    """At which moment a change of the kernel takes effect.

    LIVE    -- at once, under the running processes
    START   -- with the next start
    RESTART -- only by stopping and starting what runs now
    STOP    -- when what runs is taken down
    """

    LIVE = "live"
    START = "start"
    RESTART = "restart"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class SpecChange:
    """One property that gets another value.

    before, after -- texts; None where it is not set
    origin        -- who sets it: `records.record.API_ORIGIN` or "file:PATH:LINE"
    """

    property: str
    before: str | None
    after: str | None
    origin: str = ""


@dataclass(frozen=True, slots=True)
class KernelChange:
    """One thing in the kernel that gets another value.

    facet   -- whose it is
    subject -- the knob or object, for example ``pids.max``
    want    -- canonical text
    have    -- the same of what is there now, "" for an absent object
    why     -- the property or event that asks for it
    steps   -- what making it consists of, in words, for what is a list of operations
    """

    facet: str
    subject: str
    want: str
    have: str
    why: str = ""
    when: When = When.LIVE
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Foretold:
    """What passes would do with one object.

    changes -- in their order
    error   -- what would stand in the way, "" for nothing
    cause   -- name of the object whose change leads to it; its own when it is changed itself
    """

    name: str
    changes: tuple[KernelChange, ...] = ()
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """Everything that would become of one object.

    kind, name -- noun of its kind, full name
    reasons    -- what a reader should know beside the changes, one sentence each
    error      -- why it would be refused or fail, "" when it would not
    """

    kind: str
    name: str
    action: Action
    spec: tuple[SpecChange, ...] = ()
    kernel: tuple[KernelChange, ...] = ()
    reasons: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_idle(self) -> bool:
        """Whether nothing would change."""
        return self.action is Action.UNCHANGED and not (self.spec or self.kernel)


@dataclass(frozen=True, slots=True)
class Aspect:
    """One knob or object that a property decides about, changed or not.

    want, have -- canonical texts, "" for an absent object
    """

    facet: str
    subject: str
    want: str
    have: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one property is what it is; of the object as a whole when `property` is "".

    value   -- as `get` prints it; of the whole object its state
    default -- what it is when nobody sets it
    origin  -- who set it, "" for nobody
    since   -- wall clock seconds when it was set, 0.0 when that is not known any more
    owner   -- the facet that makes it true
    aspects -- what it comes to in the kernel
    error   -- what stands in the way, "" for nothing
    next    -- what would be done next, "" for nothing
    """

    kind: str
    name: str
    property: str
    value: str
    default: str = ""
    origin: str = ""
    since: float = 0.0
    owner: str = ""
    aspects: tuple[Aspect, ...] = ()
    error: str = ""
    next: str = ""
