"""Readers of process and thread counts, from the cgroups.

Merged by `readers.py`. Manual section "State".
"""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import by_errno


def _process_count(sources: Sources, record: ContainerRecord) -> str:
    try:
        return str(len(sources.driver.subtree_processes(sources.group(record.name))))
    except OSError as error:
        raise by_errno(error, f"cannot get process_count of {record.name}") from error


def _thread_count(sources: Sources, record: ContainerRecord) -> str:
    try:
        return str(sources.driver.subtree_threads(sources.group(record.name)))
    except OSError as error:
        raise by_errno(error, f"cannot get thread_count of {record.name}") from error


READERS: Mapping[str, Reader] = {
    "process_count": plain("process_count", _process_count),
    "thread_count": plain("thread_count", _thread_count),
}

ROOT_READERS: Mapping[str, RootReader] = {
    "process_count": plain_root(
        "process_count", lambda sources: str(sources.kernel.processes.count_host()[0])
    ),
    "thread_count": plain_root(
        "thread_count", lambda sources: str(sources.kernel.processes.count_host()[1])
    ),
}

COMPUTED: Mapping[str, Computed] = {}
