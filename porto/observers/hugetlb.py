"""Readers of huge pages, from the cgroups. Merged by `readers.py`; manual section "Memory"."""

from collections.abc import Mapping

from porto.observers.sources import Computed, Reader, RootReader, Sources, plain, plain_root
from porto.spec.containers.record import ContainerRecord
from porto.spec.errors import by_errno


def _usage(sources: Sources, record: ContainerRecord) -> str:
    try:
        return str(sources.driver.hugetlb.usage(sources.group(record.name)))
    except OSError as error:
        raise by_errno(error, f"cannot get hugetlb_usage of {record.name}") from error


def _root_usage(sources: Sources) -> str:
    """From /proc/meminfo: the root group of v2 does not count."""
    fields = sources.kernel.totals.meminfo()
    used = fields.get("HugePages_Total", 0) - fields.get("HugePages_Free", 0)
    return str(used * fields.get("Hugepagesize", 0) * 1024)


READERS: Mapping[str, Reader] = {"hugetlb_usage": plain("hugetlb_usage", _usage)}

ROOT_READERS: Mapping[str, RootReader] = {
    "hugetlb_usage": plain_root("hugetlb_usage", _root_usage),
    "hugetlb_limit": plain_root("hugetlb_limit", lambda sources: str(sources.host.hugetlb)),
}

COMPUTED: Mapping[str, Computed] = {}
