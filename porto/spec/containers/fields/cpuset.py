"""Properties of CPU sets. Manual section "CPU"; applied by `reconcilers/host/cpuset/`."""

from typing import Annotated

from porto.spec.codecs import CpuListCodec, CpuSetCodec, CpuSetValue
from porto.spec.codecs.cpuset import INHERIT
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop


class CpusetFields(Facet):
    """Desired state."""

    cpu_set: Annotated[
        CpuSetValue,
        CpuSetCodec(),
        Prop(owner="cpuset", dynamic=True, needs=("cpuset",), example="threads 2"),
    ] = INHERIT
    """CPU affinity. N,N-M,...: these CPUs; node N: those of a NUMA node; reserve N: all of
    the parent, N of which siblings without a cpu_set do not get; threads N: only N exclusive
    CPUs; cores N: only N exclusive SMT cores, one thread of each. Empty or all: what the
    parent has and no sibling has taken for itself."""


class CpusetReadings(Facet):
    """What is observed; read by `observers/cpuset.py`."""

    cpu_set_affinity: Annotated[str, CpuListCodec(), reading("cpuset", example="0-3,5")] = ""
    """Resulting CPU affinity: N,N-M,...; empty while the container is stopped."""
