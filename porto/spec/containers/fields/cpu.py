"""Properties of CPU time and scheduling.

Manual section "CPU". Knobs: `facets/cpu.py`; policy and priority of tasks:
`facets/scheduler.py`; readings: `observers/cpu.py`. What an unset property takes
from the parent: `spec/containers/cpu.py`.
"""

from typing import Annotated

from porto.spec.codecs import CpuPower, Int, Period, Weight, Word
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop

POLICIES = ("normal", "high", "rt", "batch", "idle", "iso")
PERIOD_DEFAULT_NS = 100_000_000


class CpuFields(Facet):
    """Desired state."""

    cpu_weight: Annotated[float, Weight(), Prop(owner="cpu", dynamic=True, example="1.5")] = 1.0
    """CPU weight, syntax: 0.01..100, default: 1. Multiplies cpu.shares and increases the
    priority (nice) of the tasks."""

    cpu_guarantee: Annotated[
        int, CpuPower(), Prop(owner="cpu", dynamic=True, needs=("cpu",), example="1.5c")
    ] = 0
    """Desired CPU power, syntax: 0.0..100.0 (in %) | <cores>c (in cores), default: 0.
    Increases cpu.shares according to the required distribution of CPU power."""

    cpu_limit: Annotated[
        int, CpuPower(), Prop(owner="cpu", dynamic=True, needs=("cpu", "cpu.limit"), example="50")
    ] = 0
    """CPU usage limit, syntax: 0.0..100.0 (in %) | <cores>c (in cores), default: 0
    (unlimited). The smallest of a container and its ancestors counts. Limits realtime tasks
    too where the kernel has a knob for them and cpu_policy is rt."""

    cpu_period: Annotated[
        int, Period(), Prop(owner="cpu", dynamic=True, needs=("cpu", "cpu.limit"), example="50ms")
    ] = PERIOD_DEFAULT_NS
    """CPU limit accounting period, syntax: 1ms..1s, default: the parent's, 100ms at the first
    level [nanoseconds]."""

    cpu_policy: Annotated[
        str, Word(*POLICIES), Prop(owner="cpu", dynamic=True, example="batch")
    ] = "normal"
    """CPU scheduler policy, see sched(7): normal - SCHED_OTHER; high - SCHED_OTHER (nice =
    -10, increases cpu.shares by 16 times); rt - SCHED_RR (nice = -20, priority = 10,
    increases cpu.shares by 256 times), SCHED_OTHER where the configuration says
    rt_priority: 0; batch - SCHED_BATCH; idle - SCHED_IDLE (also decreases cpu.shares by 16
    times); iso - SCHED_ISO (offstream kernel feature). Where groups need a share of
    realtime (CONFIG_RT_GROUP_SCHED) one without cpu_limit gets half of what is left.
    Default: the parent's, normal at the first level."""


class CpuReadings(Facet):
    """What is observed. Times are nanoseconds."""

    cpu_usage: Annotated[
        int, Int(), reading("cpu", needs=("cpuacct",), example="1200000000", runtime=True)
    ] = 0
    """CPU time used in nanoseconds (1 / 1000_000_000s)."""

    cpu_usage_system: Annotated[
        int, Int(), reading("cpu", needs=("cpuacct",), example="200000000", runtime=True)
    ] = 0
    """Kernel CPU time in nanoseconds."""

    cpu_wait: Annotated[
        int, Int(), reading("cpu", needs=("cpu.wait",), example="30000000", runtime=True)
    ] = 0
    """Total time waiting for execution in nanoseconds (offstream kernel feature)."""

    cpu_throttled: Annotated[
        int, Int(), reading("cpu", needs=("cpu", "cpu.limit"), example="50000000", runtime=True)
    ] = 0
    """Time for which cpu_limit held tasks back, in nanoseconds."""

    cpu_burst_usage: Annotated[
        int, Int(), reading("cpu", needs=("cpu.bursts",), example="0", runtime=True)
    ] = 0
    """CPU time used above the limit in bursts, in nanoseconds."""

    cpu_unconstrained_wait: Annotated[
        int, Int(), reading("cpu", needs=("cpu.wait",), example="10000000", runtime=True)
    ] = 0
    """Time waiting for execution that no limit caused, in nanoseconds (offstream kernel
    feature)."""

    cpu_guarantee_total: Annotated[int, CpuPower(), reading("cpu", example="2c")] = 0
    """The larger of cpu_guarantee and the sum of the running children's; empty for none."""

    cpu_guarantee_bound: Annotated[int, CpuPower(), reading("cpu", example="2c")] = 0
    """The largest cpu_guarantee of the container and its ancestors; empty for none."""

    cpu_limit_total: Annotated[int, CpuPower(), reading("cpu", example="4c")] = 0
    """What the running containers of the subtree may use together, each its cpu_limit or, if
    it has none, all cores, a meta container no more than its own limit; empty for none."""

    cpu_limit_bound: Annotated[int, CpuPower(), reading("cpu", example="1c")] = 0
    """The smallest cpu_limit of the container and its ancestors; empty for none."""
