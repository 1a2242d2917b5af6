"""A status made of parts is written as if it were flat."""

from dataclasses import dataclass, field

import pytest

from porto.spec.containers.status import ContainerStatus, State
from porto.spec.records.status import Part, Status, status_fields


def test_a_field_is_found_in_whichever_part_declares_it() -> None:
    status = ContainerStatus().changed(state=State.META, oom_before=2, change_time=3.0)
    assert status.life.state is State.META
    assert status.oom.oom_before == 2
    assert status.change_time == 3.0


def test_parts_that_do_not_change_are_kept() -> None:
    old = ContainerStatus().changed(oom_before=2)
    new = old.changed(state=State.DEAD)
    assert new.oom is old.oom
    assert new.streams is ContainerStatus().streams


def test_nothing_new_is_no_change() -> None:
    status = ContainerStatus().changed(state=State.DEAD)
    assert status.changed(state=State.DEAD, oom_killed=False) is status


def test_a_name_that_no_part_has_is_refused() -> None:
    with pytest.raises(TypeError, match="no field mood"):
        ContainerStatus().changed(mood=1)


@dataclass(frozen=True, slots=True)
class Again(Part):
    """A part with a name that the frame has taken."""

    change_time: int = 0


@dataclass(frozen=True, slots=True)
class Ambiguous(Status):
    """A status with that part."""

    again: Again = field(default=Again())


def test_a_name_that_two_parts_have_is_refused() -> None:
    with pytest.raises(TypeError, match="two fields change_time"):
        status_fields(Ambiguous)
