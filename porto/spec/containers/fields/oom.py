"""Running out of memory: what follows, and what is counted. Manual section "Memory".

oom_is_fatal is obeyed by `containers/life/dying.py`, oom_score_adj by
`facets/oom.py`.
"""

from dataclasses import dataclass
from typing import Annotated

from porto.spec.codecs import Bool, Int
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop
from porto.spec.records.status import Part

OOM_SCORE_ADJ_MAX = 1000


class OomFields(Facet):
    """Desired state."""

    oom_is_fatal: Annotated[bool, Bool(), Prop(owner="oom", dynamic=True, example="false")] = True
    """true: when the container or a limit above it runs out of memory, all of it and of
    its sub-containers is killed; false: only what the kernel chose."""

    oom_score_adj: Annotated[
        int,
        Int(minimum=-OOM_SCORE_ADJ_MAX, maximum=OOM_SCORE_ADJ_MAX),
        Prop(owner="oom", example="500"),
    ] = 0
    """How readily the kernel kills the container's processes, -1000..1000, see
    oom_score_adj in proc(5)."""


class OomReadings(Facet):
    """What is observed; read by `observers/oom.py`."""

    oom_killed: Annotated[bool, Bool(), reading("oom", example="false", dead_only=True)] = False
    """Whether the container was killed for lack of memory."""

    oom_kills: Annotated[int, Int(), reading("oom", example="1", runtime=True)] = 0
    """Tasks of the container killed by the OOM killer since it was started."""

    oom_kills_total: Annotated[int, Int(), reading("oom", example="3")] = 0
    """Tasks of the container and its sub-containers killed by the OOM killer, over all
    their lives."""


@dataclass(frozen=True, slots=True)
class OomStatus(Part):
    """What is noted.

    oom_killed       -- the main task was killed for lack of memory
    oom_before       -- what its memory cgroup had counted when the main task was started
    oom_kills_before -- tasks killed by the OOM killer in earlier lives, and in containers
                        below that are destroyed
    """

    oom_killed: bool = False
    oom_before: int = 0
    oom_kills_before: int = 0
