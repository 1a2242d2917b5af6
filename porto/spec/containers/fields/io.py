"""Properties of disk input and output.

Manual section "Disk IO"; applied by `facets/io.py`, the priority of tasks by
`facets/scheduler.py`; read by `observers/io.py`.
"""

from typing import Annotated

from porto.spec.codecs import DiskLimits, UintMapCodec, UintMapValue, Weight, Word
from porto.spec.containers.fields.reading import reading
from porto.spec.prop import Facet, Prop

POLICIES = ("none", "rt", "high", "normal", "batch", "idle")


class IoFields(Facet):
    """Desired state."""

    io_limit: Annotated[
        UintMapValue,
        DiskLimits(),
        Prop(owner="io", dynamic=True, needs=("blkio", "io.limit"), example="/ r: 100M; / w: 10M"),
    ] = ()
    """IO bandwidth limit, syntax: fs|<path>|<disk> [r|w]: <bytes/s>;... A path means the
    disks under the file system where it is, a disk the whole disk. Without r or w both
    directions are limited, each on its own; of several limits for one disk the smallest
    counts, 0 is none. Absolute paths are resolved in the host, paths starting with a dot in
    the container's root. fs, or a number alone: at filesystem level (offstream kernel
    feature)."""

    io_ops_limit: Annotated[
        UintMapValue,
        DiskLimits(),
        Prop(owner="io", dynamic=True, needs=("blkio", "io.limit"), example="/: 1000"),
    ] = ()
    """IOPS limit: fs|<path>|<disk> [r|w]: <iops>;... as in io_limit."""

    io_policy: Annotated[
        str, Word(*POLICIES, aliases={"": "none"}), Prop(owner="io", dynamic=True, example="batch")
    ] = "none"
    """IO scheduler policy, see ioprio_set(2): none - set by cpu_policy, weight 500 of 1000;
    normal - best effort, level 4, weight 500; high - best effort, level 0, weight 1000;
    rt - realtime, level 4, weight 1000; batch - best effort, level 7, weight 10; idle -
    idle class, weight 10. Where weights have 100 as their default (BFQ, cgroup v2) they are
    100, 100, 1000, 1000, 1 and 1."""

    io_weight: Annotated[
        float, Weight(), Prop(owner="io", dynamic=True, needs=("blkio", "io.weight"), example="2.5")
    ] = 1.0
    """IO weight, syntax: 0.01..100, default: 1. Multiplier of the weight that io_policy
    gives."""


class IoReadings(Facet):
    """What is observed.

    Of all maps: "hw" is the total of all disks; ``[<path>]`` and ``[.<path>]`` the sum of the
    disks under that file system.
    """

    io_read: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("io", needs=("blkio", "io.counters"), runtime=True, example="hw: 4096; sda: 4096"),
    ] = ()
    """Bytes read from disk, syntax: <disk>: <bytes>;... "hw" is the total of all disks, "fs"
    at filesystem level (offstream kernel feature). io_read[<path>] are the bytes of the disks
    under that file system."""

    io_write: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("io", needs=("blkio", "io.counters"), runtime=True, example="hw: 4096; sda: 4096"),
    ] = ()
    """Bytes written to disk, as io_read; "total_writeback" are bytes on their way there."""

    io_ops: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("io", needs=("blkio", "io.counters"), runtime=True, example="hw: 2; sda: 2"),
    ] = ()
    """Disk operations: <disk>: <count>;..."""

    io_read_ops: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("io", needs=("blkio", "io.counters"), runtime=True, example="hw: 1; sda: 1"),
    ] = ()
    """Disk reads: <disk>: <count>;..."""

    io_write_ops: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("io", needs=("blkio", "io.counters"), runtime=True, example="hw: 1; sda: 1"),
    ] = ()
    """Disk writes: <disk>: <count>;..."""

    io_time: Annotated[
        UintMapValue,
        UintMapCodec(),
        reading("io", needs=("blkio", "io.times"), runtime=True, example="hw: 5000; sda: 5000"),
    ] = ()
    """Time that disks spent on its operations, ns: <disk>: <ns>;..."""
