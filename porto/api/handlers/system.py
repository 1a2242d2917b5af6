"""The daemon itself: version, GetSystem, SetSystem, ClearStatistics.

Counters come from `protocols.Counters`; the names on the wire and those of porto_stat
differ, `COUNTED` is the map.
"""

import os
from collections.abc import Mapping

from porto.api import replies
from porto.api.context import Services, Session
from porto.api.dispatch import handles
from porto.spec.errors import Permission
from porto.wire import rpc_pb2

_SAME = (
    "errors",
    "warnings",
    "fatals",
    "porto_uptime",
    "master_uptime",
    "taints",
    "log_lines",
    "log_bytes",
    "log_lines_lost",
    "log_bytes_lost",
    "log_open",
    "postfork_issues",
    "volume_links",
    "volume_links_mounted",
    "volume_lost",
    "layer_import",
    "layer_export",
    "layer_remove",
    "fail_system",
    "fail_invalid_value",
    "fail_invalid_command",
    "fail_memory_guarantee",
    "fail_invalid_netaddr",
    "network_problems",
    "network_repairs",
)
COUNTED: Mapping[str, str] = {
    **{name: name for name in _SAME},
    "porto_starts": "spawned",
    "stream_rotate_bytes": "log_rotate_bytes",
    "stream_rotate_errors": "log_rotate_errors",
    "container_created": "containers_created",
    "container_started": "containers_started",
    "container_start_failed": "containers_failed_start",
    "container_oom": "containers_oom",
    "container_buried": "remove_dead",
    "container_lost": "restore_failed",
    "container_tainted": "containers_tainted",
    "volume_count": "volumes",
    "volume_created": "volumes_created",
    "volume_failed": "volumes_failed",
    "client_count": "clients",
    "client_connected": "clients_connected",
    "request_queued": "requests_queued",
    "request_completed": "requests_completed",
    "request_failed": "requests_failed",
    "request_longer_1s": "requests_longer_1s",
    "request_longer_3s": "requests_longer_3s",
    "request_longer_30s": "requests_longer_30s",
    "request_longer_5m": "requests_longer_5m",
    "request_top_running_time": "requests_top_running_time",
    "network_count": "networks",
    "network_created": "networks_created",
}
"""Fields of the answer, and the counters that they show."""

VOLUMES_MAX = 3000


@handles("version")
def version(services: Services, session: Session, request: rpc_pb2.TVersionRequest) -> bytes:
    """Version and build of the daemon."""
    answer = rpc_pb2.TVersionResponse(tag=services.version, revision=services.revision)
    return replies.answer("version", answer)


@handles("GetSystem")
def get_system(services: Services, session: Session, request: rpc_pb2.TGetSystemRequest) -> bytes:
    """Counters and settings of the daemon."""
    counted = services.counters.snapshot()
    answer = rpc_pb2.TGetSystemResponse(
        porto_version=services.version,
        porto_revision=services.revision,
        kernel_version=os.uname().release,
        frozen=services.switches.frozen,
        verbose=services.switches.verbose,
        debug=services.switches.debug,
        container_count=len(services.store),
        container_limit=services.config.container.max_total,
        container_running=services.waits.running,
        volume_limit=VOLUMES_MAX,
        client_max=services.config.daemon.max_clients,
        # Requests run in one thread, the event loop's.
        request_threads=1,
    )
    for field, counter in COUNTED.items():
        setattr(answer, field, counted.get(counter, 0))
    return replies.answer("GetSystem", answer)


@handles("SetSystem", writes=True)
def set_system(services: Services, session: Session, request: rpc_pb2.TSetSystemRequest) -> bytes:
    """Freeze the daemon, or change how much it logs."""
    if not session.caller.superuser:
        raise Permission("cannot SetSystem: only the super-user may")

    def given(field: str) -> bool | None:
        return bool(getattr(request, field)) if request.HasField(field) else None

    services.switches.set(frozen=given("frozen"), verbose=given("verbose"), debug=given("debug"))
    return replies.answer("SetSystem", rpc_pb2.TSetSystemResponse())


@handles("ClearStatistics", writes=True)
def clear_statistics(
    services: Services, session: Session, request: rpc_pb2.TClearStatisticsRequest
) -> bytes:
    """Reset one counter, or all that may be reset."""
    services.counters.clear(request.stat if request.HasField("stat") else None)
    return b""
