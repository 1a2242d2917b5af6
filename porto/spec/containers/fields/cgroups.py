"""Properties of cgroup controllers. Manual section "CGROUPS".

What follows from them: `spec/containers/controllers.py`.
"""

from dataclasses import dataclass
from typing import Annotated

from porto.spec.codecs import ControllersCodec, ControllersValue, TextMapCodec, TextMapValue
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop
from porto.spec.records.status import Part


class CgroupsFields(Facet):
    """Desired state."""

    controllers: Annotated[
        ControllersValue,
        ControllersCodec(),
        Prop(owner="cgroups", example="freezer;memory;cpu;cpuacct"),
    ] = ()
    """Enabled cgroup controllers: NAME;... of freezer, memory, cpu, cpuacct, net_cls,
    blkio, devices, hugetlb, cpuset, pids, perf_event; without one the container shares
    its parent's cgroup. Default: all for first-level containers, else freezer, cpuacct if
    it is not bound to others, and what the set properties need, which cannot be switched
    off. controllers[NAME]=true|false, or NAME: true|false; ..., changes the default. Those
    bound to an enabled one are enabled, too. Fixed while the container runs."""


class CgroupsReadings(Facet):
    """What is observed; read by `observers/cgroups.py`."""

    cgroups: Annotated[
        TextMapValue, TextMapCodec(), reading("cgroups", example="memory: /sys/fs/cgroup/memory")
    ] = ()
    """Paths to cgroups: NAME: path; ..., the parent's where the container has not got the
    controller. [NAME] selects one. In the stopped state: where a start would make them."""


@dataclass(frozen=True, slots=True)
class CgroupsStatus(Part):
    """What is noted.

    controllers -- names joined by ";" of the controllers it was started with; they
                   cannot change while it runs
    """

    controllers: str = ""
