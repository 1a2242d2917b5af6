"""What comes next in a container's life, from its record alone.

Used by `decide.py`, which acts on it, and by `foresight/`, which tells of it.
"""

from enum import Enum, auto

from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.records.record import Run


class Step(Enum):
    """One step; what of it is possible now, its pass finds out.

    DESTROY -- nothing shall be left of it
    STOP    -- it shall be stopped
    START   -- the launch that is wanted, with nothing of an earlier life in its way
    MOURN   -- it has ended by itself: respawn and aging
    END     -- its present life ends, because another launch is wanted
    KEEP    -- it lives and is kept true
    """

    DESTROY = auto()
    STOP = auto()
    START = auto()
    MOURN = auto()
    END = auto()
    KEEP = auto()


def next_step(record: ContainerRecord) -> Step:
    """The step for this record."""
    if record.intent.run is Run.ABSENT:
        return Step.DESTROY
    if record.intent.run is Run.STOPPED:
        return Step.STOP
    state = record.status.life.state
    if state in (State.STOPPED, State.STARTING):
        return Step.START
    if state is State.DEAD:
        return Step.START if record.is_launch_due else Step.MOURN
    # A start asked for during the stop: the stop is finished first.
    return Step.END if record.is_launch_due or state is State.STOPPING else Step.KEEP
