"""What happens to a container over time, and its user's notes on it.

Manual section "State"; applied by `reconcilers/containers/life/dying.py`.
"""

from typing import Annotated

from porto.spec.codecs import Bool, Duration, Int, LabelsCodec, LabelsValue, Seconds, Text
from porto.spec.prop import Facet, Prop

PRIVATE_MAX_BYTES = 4096
AGING_TIME_DEFAULT_S = 24 * 3600
RESPAWN_DELAY_DEFAULT_NS = 1_000_000_000


class LifecycleFields(Facet):
    """Respawn, aging, weakness, labels."""

    weak: Annotated[
        bool, Bool(), Prop(owner="weak", dynamic=True, any_state=True, saved=False, example="true")
    ] = False
    """Destroy the container when the client that created it disconnects."""

    respawn: Annotated[
        bool, Bool(), Prop(owner="respawn", dynamic=True, any_state=True, example="true")
    ] = False
    """Start the container again after its death."""

    max_respawns: Annotated[
        int,
        Int(minimum=-(1 << 63), maximum=(1 << 63) - 1),
        Prop(owner="respawn", dynamic=True, any_state=True, example="5"),
    ] = -1
    """Limit for automatic respawns; negative: no limit."""

    respawn_delay: Annotated[
        int, Duration(), Prop(owner="respawn", dynamic=True, any_state=True, example="1s")
    ] = RESPAWN_DELAY_DEFAULT_NS
    """Time between death and respawn, in nanoseconds."""

    aging_time: Annotated[
        int, Seconds(), Prop(owner="aging", dynamic=True, any_state=True, example="3600")
    ] = AGING_TIME_DEFAULT_S
    """Seconds after which a dead container is destroyed."""

    private: Annotated[
        str,
        Text(max_bytes=PRIVATE_MAX_BYTES),
        Prop(owner="notes", dynamic=True, any_state=True, example="web, shard 3"),
    ] = ""
    """The user's own text about the container, at most 4096 bytes."""

    labels: Annotated[
        LabelsValue,
        LabelsCodec(),
        Prop(owner="notes", dynamic=True, any_state=True, example="WEB.shard: 3"),
    ] = ()
    """The user's own key-value pairs: PREFIX.name: value; ... Setting merges; an empty
    value removes."""
