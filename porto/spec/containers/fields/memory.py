"""Properties of memory and huge pages. Manual section "Memory".

Applied by `facets/memory.py`, `facets/pressure.py` and `facets/hugetlb.py`;
what is observed is read by `observers/memory.py`. What a kernel cannot do answers
NotSupported: `kernel/cgroup/*/memory.py` and `kernel/cgroup/*/hugetlb.py` know.
"""

from typing import Annotated

from porto.spec.codecs import Bool, Int, Size, UintMapCodec, UintMapValue
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop

_OWNER = "memory"
_NEEDS = ("memory",)


class MemoryFields(Facet):
    """Desired state."""

    memory_limit: Annotated[
        int, Size(), Prop(owner=_OWNER, dynamic=True, needs=_NEEDS, example="1G")
    ] = 0
    """Limit for memory_usage in bytes, default: 0 (unlimited), smallest 1M.

    Allocations over the limit reclaim cache; when that does not help, the OOM killer acts.
    A limit below what is used and cannot be reclaimed is refused (Busy).
    """

    memory_guarantee: Annotated[
        int, Size(), Prop(owner=_OWNER, dynamic=True, needs=(*_NEEDS, "memory.low"), example="512M")
    ] = 0
    """Guarantee for memory_usage in bytes, default: 0.

    The reclaimer skips the container and its sub-containers while their usage is less.
    Overcommit is forbidden, 2G are reserved for the host. Stopped containers do not count.
    """

    anon_limit: Annotated[
        int,
        Size(),
        Prop(owner=_OWNER, dynamic=True, needs=(*_NEEDS, "memory.anon.limit"), example="512M"),
    ] = 0
    """Limit for anon_usage in bytes, default: 0 (unlimited); offstream kernel feature."""

    anon_only: Annotated[
        bool,
        Bool(),
        Prop(owner=_OWNER, dynamic=True, needs=(*_NEEDS, "memory.anon.only"), example="false"),
    ] = False
    """Charge cache to the parent container, default: false; offstream kernel feature."""

    dirty_limit: Annotated[
        int,
        Size(),
        Prop(owner=_OWNER, dynamic=True, needs=(*_NEEDS, "memory.dirty"), example="256M"),
    ] = 0
    """Limit in bytes for dirty memory unwritten to disk, default: 0 (unlimited).

    Offstream kernel feature.
    """

    recharge_on_pgfault: Annotated[
        bool,
        Bool(),
        Prop(owner=_OWNER, dynamic=True, needs=(*_NEEDS, "memory.recharge"), example="false"),
    ] = False
    """If true, immigrate cache on minor page fault, default: false; offstream kernel feature."""


class MemoryReadings(Facet):
    """What is observed. A container without its own controller shows its parent's."""

    memory_usage: Annotated[int, Int(), reading(_OWNER, example="2097152", runtime=True)] = 0
    """Current memory usage in bytes: anon + cache."""

    anon_usage: Annotated[int, Int(), reading(_OWNER, example="1048576", runtime=True)] = 0
    """Current anon memory usage in bytes."""

    cache_usage: Annotated[int, Int(), reading(_OWNER, example="1048576", runtime=True)] = 0
    """Current cache usage in bytes."""

    shmem_usage: Annotated[int, Int(), reading(_OWNER, example="4096", runtime=True)] = 0
    """Current usage of shared memory and tmpfs in bytes."""

    mlock_usage: Annotated[int, Int(), reading(_OWNER, example="4096", runtime=True)] = 0
    """Current usage of memory that is locked and cannot be reclaimed, in bytes."""

    max_rss: Annotated[
        int,
        Int(),
        reading(_OWNER, needs=(*_NEEDS, "memory.rss.peak"), example="1048576", runtime=True),
    ] = 0
    """Peak anon memory usage in bytes; offstream kernel feature."""

    anon_max_usage: Annotated[
        int,
        Int(),
        reading(_OWNER, needs=(*_NEEDS, "memory.anon.peak"), example="1048576", runtime=True),
    ] = 0
    """Peak of anon_usage in bytes; offstream kernel feature."""

    minor_faults: Annotated[int, Int(), reading(_OWNER, example="1024", runtime=True)] = 0
    """Count of minor page-faults (file cache hits)."""

    major_faults: Annotated[int, Int(), reading(_OWNER, example="16", runtime=True)] = 0
    """Count of major page-faults (file cache misses, reads from disk)."""

    memory_reclaimed: Annotated[int, Int(), reading(_OWNER, example="4096", runtime=True)] = 0
    """Bytes taken back from the container since it was started."""

    virtual_memory: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading(_OWNER, example="VmRSS: 1048576; VmSize: 4194304", runtime=True),
    ] = ()
    """Sums in bytes of the Vm lines of /proc/PID/status of all processes, see proc(5)."""

    memory_limit_total: Annotated[int, Int(), reading(_OWNER, example="1073741824")] = 0
    """Hierarchical memory limit in bytes: upper bound for memory usage of the sub-tree.

    The smallest limit of the container and its parents, at most the host's memory.
    """

    memory_guarantee_total: Annotated[
        int, Int(), reading(_OWNER, needs=(*_NEEDS, "memory.low"), example="536870912")
    ] = 0
    """Hierarchical memory guarantee in bytes: upper bound for guaranteed memory of the sub-tree.

    The larger of the container's own and the sum of its sub-containers'; 0 when stopped.
    """

    anon_limit_total: Annotated[
        int, Int(), reading(_OWNER, needs=(*_NEEDS, "memory.anon.limit"), example="1073741824")
    ] = 0
    """Hierarchical anon limit in bytes, as memory_limit_total; offstream kernel feature."""
