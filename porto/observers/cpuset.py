"""Readers of CPU sets, from the cgroups.

Merged by `readers.py`. Manual section "CPU", cpu_set_affinity.
"""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.status import State
from porto.spec.errors import by_errno

_WITHOUT_GROUP = frozenset({State.STOPPED, State.STARTING})


def _affinity(sources: Sources, record: ContainerRecord) -> str:
    """What the kernel lets the tasks use; an ancestor's without a cpuset of its own."""
    if record.status.life.state in _WITHOUT_GROUP:
        return ""
    if "cpuset" not in sources.driver.controllers:
        return sources.kernel.cpus.read_online()
    try:
        return sources.driver.cpuset.effective(sources.group(record.name))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise by_errno(error, f"cannot get cpu_set_affinity of {record.name}") from error


READERS: Mapping[str, Reader] = {"cpu_set_affinity": plain("cpu_set_affinity", _affinity)}

ROOT_READERS: Mapping[str, RootReader] = {
    "cpu_set_affinity": plain_root(
        "cpu_set_affinity", lambda sources: sources.kernel.cpus.read_online()
    )
}

COMPUTED: Mapping[str, Computed] = {}
