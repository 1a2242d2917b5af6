"""How the kernel schedules one thread: policy, priority, niceness, disk priority.

Called by `facets/scheduler.py` and the cgroup twins. A thread is named by its id; 0
is the calling one. Man 7 sched, man 2 ioprio_set; niceness is per thread on Linux.
"""

import errno
import os
import threading
from dataclasses import dataclass

from porto.kernel import syscalls

RR_PRIORITY_MAX = os.sched_get_priority_max(os.SCHED_RR)
OTHER, RR, BATCH, ISO, IDLE = 0, 2, 3, 4, 5
"""include/uapi/linux/sched.h; number 4 is reserved there for SCHED_ISO."""

POLICY_NAMES = {
    0: "SCHED_OTHER",
    1: "SCHED_FIFO",
    2: "SCHED_RR",
    3: "SCHED_BATCH",
    4: "SCHED_ISO",
    5: "SCHED_IDLE",
    6: "SCHED_DEADLINE",
}
IOPRIO_NAMES = ("none", "rt", "be", "idle")
_IOPRIO_CLASS_SHIFT = 13


@dataclass(frozen=True, slots=True)
class Schedule:
    """Claim of a thread on the processors.

    policy   -- number of the class, with SCHED_RESET_ON_FORK as the kernel reports it
    nice     -- -20..19, kept by the kernel for every class
    priority -- 1..99 for realtime classes, else 0
    """

    policy: int
    nice: int
    priority: int = 0

    def __str__(self) -> str:
        name = POLICY_NAMES.get(self.policy, str(self.policy))
        priority = f" priority {self.priority}" if self.priority else ""
        return f"{name}{priority} nice {self.nice}"


def read(thread: int) -> Schedule:
    """The present state; raises ProcessLookupError. Costs two system calls, or three."""
    policy = os.sched_getscheduler(thread)
    nice = os.getpriority(os.PRIO_PROCESS, thread)
    if policy in (OTHER, BATCH, IDLE):
        return Schedule(policy, nice)
    return Schedule(policy, nice, os.sched_getparam(thread).sched_priority)


def is_ordinary(thread: int) -> bool:
    """Whether policy, niceness and disk priority are those of a thread nobody has touched.

    The same as asking for each of them, for those who ask often; raises
    ProcessLookupError.
    """
    return (
        os.sched_getscheduler(thread) == OTHER
        and os.getpriority(os.PRIO_PROCESS, thread) == 0
        and syscalls.ioprio_get(thread) >> _IOPRIO_CLASS_SHIFT == 0
    )


def write(thread: int, schedule: Schedule) -> None:
    """Make it so; raises ProcessLookupError, or OSError when the kernel refuses.

    EPERM for a realtime class: its cgroup has no realtime bandwidth. EINVAL: the kernel
    has no such class.
    """
    os.sched_setscheduler(thread, schedule.policy, os.sched_param(schedule.priority))
    os.setpriority(os.PRIO_PROCESS, thread, schedule.nice)


def read_ioprio(thread: int) -> int:
    """The disk priority, class << 13 | level; 0: none of its own, it follows niceness.

    Some kernels report a level for none.
    """
    value = syscalls.ioprio_get(thread)
    return value if value >> _IOPRIO_CLASS_SHIFT else 0


def write_ioprio(thread: int, value: int) -> None:
    """Set the disk priority, as `read_ioprio` reports it."""
    syscalls.ioprio_set(thread, value)


def describe_ioprio(value: int) -> str:
    """The words of a disk priority, for example ``be 4``."""
    number, level = value >> _IOPRIO_CLASS_SHIFT, value & ((1 << _IOPRIO_CLASS_SHIFT) - 1)
    name = IOPRIO_NAMES[number] if number < len(IOPRIO_NAMES) else str(number)
    return f"{name} {level}" if number in (1, 2) else name


def knows(policy: int) -> bool:
    """Whether the kernel has this class of scheduling: a thread of our own tries it."""
    refused: list[int] = []

    def attempt() -> None:
        try:
            os.sched_setscheduler(0, policy, os.sched_param(0))
        except OSError as error:
            refused.append(error.errno or 0)

    trial = threading.Thread(target=attempt, name="sched-trial")
    trial.start()
    trial.join()
    return errno.EINVAL not in refused
