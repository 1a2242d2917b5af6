"""Configuration of the daemon: every key with its default.

Read from protobuf text files by `api/config.py`, handed down by `cli/`. Names and
defaults: manual section "FILES", /etc/portod.conf. Units are in the names of the
keys, or bytes. A key of such a file that is not here has no effect.
"""

import os.path
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from porto.spec.codecs import DevicesCodec, UlimitCodec
from porto.spec.codecs.devices import PRESET

Model = TypeVar("Model", bound=BaseModel)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _absolute(path: str) -> str:
    if not path.startswith("/") or os.path.normpath(path) != path or not path.isprintable():
        raise ValueError("not a normal absolute path")
    return path


def _cgroup_name(name: str) -> str:
    if not re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*", name, re.ASCII):
        raise ValueError("only a-z A-Z 0-9 _ - . are allowed")
    return name


def _ulimits(text: str) -> str:
    UlimitCodec().parse(text)
    return text


def _devices(text: str) -> str:
    if any(item.device == PRESET for item in DevicesCodec().parse(text)):
        raise ValueError("a preset within a list of the configuration")
    return text


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
CgroupName = Annotated[str, AfterValidator(_cgroup_name)]
Ulimits = Annotated[str, AfterValidator(_ulimits)]
Devices = Annotated[str, AfterValidator(_devices)]
Unsigned = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[int, Field(ge=0, le=100)]

REMOVAL_MAX_PERCENT = 80


class LogConfig(_Section):
    """Section ``log``.

    verbose -- log read-only requests, connections, stack traces of errors
    debug   -- the raw messages too; implies verbose
    """

    verbose: bool = False
    debug: bool = False


class DaemonConfig(_Section):
    """Section ``daemon``.

    max_clients              -- connections in total
    max_clients_in_container -- connections from one container
    client_idle_timeout      -- seconds after which an idle connection may be dropped
                                when there are too many
    max_msg_len              -- a larger request closes its connection
    cgroup_remove_timeout_s  -- how long the removal of a busy cgroup is tried again
    freezer_wait_timeout_s   -- how long a pause or resume may take
    log_rotate_ms            -- period of housekeeping: stream rotation, aging; 0: never
    memory_guarantee_reserve -- memory that is never promised to containers
    memory_limit             -- of the daemon's own cgroup
    helpers_memory_limit     -- of the cgroup of mkfs, tar and the like
    portod_*_timeout         -- seconds the commands wait; shutdown: for running requests
    resync_s                 -- seconds between two looks at a container to which
                                nothing happened
    removal_max_percent      -- how many of the objects of a watched directory may be removed
                                at once because their files are gone; 100: all, see
                                `sources/removal_cap.py`
    """

    max_clients: Positive = 1000
    max_clients_in_container: Positive = 500
    client_idle_timeout: Unsigned = 60
    max_msg_len: Positive = 32 << 20
    cgroup_remove_timeout_s: Unsigned = 300
    freezer_wait_timeout_s: Unsigned = 300
    log_rotate_ms: Unsigned = 1000
    memory_guarantee_reserve: Unsigned = 2 << 30
    memory_limit: Unsigned = 1 << 30
    helpers_memory_limit: Unsigned = 1 << 30
    portod_stop_timeout: Unsigned = 300
    portod_start_timeout: Unsigned = 300
    portod_shutdown_timeout: Unsigned = 60
    resync_s: Positive = 5
    removal_max_percent: Percent = REMOVAL_MAX_PERCENT


class ContainerConfig(_Section):
    """Section ``container``.

    max_total             -- containers; the superuser may have 100 more
    kill_timeout_ms       -- stop timeout within a respawn
    stop_timeout_ms       -- default time between SIGTERM and SIGKILL
    start_timeout_ms      -- how long a child may take to report its start
    std_stream_read_limit -- largest read of stdout or stderr
    min_memory_limit      -- smallest memory limit but 0
    memory_high_limit_proportion -- of memory_limit: from there on tasks are slowed down and
                             reclaimed from, where the kernel can; 0: not at all
    pressurize_on_death   -- default of the property
    dead_memory_soft_limit -- soft limit that it sets
    default_ulimit        -- limits of first-level containers, in ulimit's syntax
    default_thread_limit  -- thread_limit of first-level containers, 0: none
    default_resolv_conf   -- resolv_conf of containers with their own root; unset: the host's
    cpu_period            -- nanoseconds
    rt_priority           -- of cpu_policy=rt; 0: no real-time scheduling
    devpts_max, dev_size  -- of /dev/pts and /dev of containers with their own root
    extra_devices         -- beside the default devices of first-level containers, in the
                             syntax of devices; a missing one is ignored
    device_preset         -- lists of devices by the name that ``preset`` gives them
    net_sysctl, ipc_sysctl -- written in new network and ipc namespaces
    """

    max_total: Unsigned = 3000
    default_aging_time_s: Unsigned = 24 * 3600
    respawn_delay_ms: Unsigned = 1000
    kill_timeout_ms: Unsigned = 1000
    stop_timeout_ms: Unsigned = 30_000
    start_timeout_ms: Positive = 300_000
    stdout_limit: Unsigned = 8 << 20
    stdout_limit_max: Unsigned = 1 << 30
    std_stream_read_limit: Unsigned = 16 << 20
    min_memory_limit: Unsigned = 1 << 20
    memory_high_limit_proportion: Share = 0.0
    pressurize_on_death: bool = False
    dead_memory_soft_limit: Unsigned = 1 << 20
    default_ulimit: Ulimits = "core: 0 unlimited; memlock: 8M unlimited; nofile: 8K 1M"
    default_thread_limit: int = 10_000
    default_resolv_conf: str | None = None
    cpu_period: Positive = 100_000_000
    rt_priority: int = 10
    rt_nice: int = -20
    high_nice: int = -10
    devpts_max: Positive = 256
    dev_size: Positive = 32 << 20
    extra_devices: Devices = ""
    device_preset: Mapping[str, Devices] = {}
    net_sysctl: Mapping[str, str] = {
        "net.ipv6.conf.all.accept_dad": "0",
        "net.ipv6.conf.default.accept_dad": "0",
    }
    ipc_sysctl: Mapping[str, str] = {}


class PathsConfig(_Section):
    """Section ``paths``: where everything lives, so that daemons can stand side by side.

    runtime     -- holds portod.socket, pid files, porto/kvs
    place       -- holds the work directories (porto/), and volumes later
    containers  -- watched directory of .CT files
    cgroup      -- prefix of our cgroups: ``PREFIX/...`` and ``PREFIX%...``
    """

    runtime: AbsolutePath = "/run"
    place: AbsolutePath = "/place"
    containers: AbsolutePath = "/place/porto_containers"
    log: AbsolutePath = "/var/log/portod.log"
    cgroup: CgroupName = "porto"

    @property
    def socket(self) -> str:
        """The API socket."""
        return f"{self.runtime}/portod.socket"

    @property
    def store(self) -> str:
        """Directory of the container records."""
        return f"{self.runtime}/porto/kvs"

    @property
    def master_pid(self) -> str:
        """Pid file of the master."""
        return f"{self.runtime}/portoloop.pid"

    @property
    def daemon_pid(self) -> str:
        """Pid file of the daemon."""
        return f"{self.runtime}/portod.pid"

    @property
    def work(self) -> str:
        """Parent of the containers' default working directories."""
        return f"{self.place}/porto"


class SpecDirectory(_Section):
    """One ``spec_dir`` section: a directory of documents kept in step (GitOps).

    enforce -- the directory's values win over every other writer
    restart -- a changed launch-time property restarts the container at once;
               otherwise the change is reported as RestartRequired
    removal_max_percent -- instead of the section daemon's
    """

    path: AbsolutePath
    enforce: bool = False
    restart: bool = True
    removal_max_percent: Percent | None = None


class Config(_Section):
    """The whole configuration.

    keyvalue_limit -- bytes of the largest record of a container or volume
    keyvalue_size  -- size of the tmpfs that holds the records
    linux_version  -- the kernel's version if its own word is not to be trusted
    """

    log: LogConfig = LogConfig()
    daemon: DaemonConfig = DaemonConfig()
    container: ContainerConfig = ContainerConfig()
    paths: PathsConfig = PathsConfig()
    spec_dir: tuple[SpecDirectory, ...] = ()
    keyvalue_limit: Positive = 1 << 20
    keyvalue_size: Positive = 32 << 20
    linux_version: str = ""


_DEFAULT = Config()


def build_config(values: Mapping[str, Any]) -> tuple[Config, list[tuple[str, str]]]:
    """The configuration that `values` (sections of keys) asks for.

    A value that is refused leaves its default in place; the list has the dotted
    key and the reason of each.
    """
    refused: list[tuple[str, str]] = []
    accepted: dict[str, Any] = {}
    for key, value in values.items():
        if key == "spec_dir":
            directories = (_built(SpecDirectory, item, "spec_dir.", refused) for item in value)
            accepted[key] = tuple(item for item in directories if item is not None)
        elif isinstance(value, Mapping):
            section = type(getattr(_DEFAULT, key))
            accepted[key] = _built(section, value, f"{key}.", refused)
        else:
            accepted[key] = value
    config = _built(Config, accepted, "", refused)
    return (_DEFAULT if config is None else config), refused


def _built(
    model: type[Model], values: Mapping[str, Any], prefix: str, refused: list[tuple[str, str]]
) -> Model | None:
    """`model` with those `values` that it accepts; None when a needed one is refused."""
    try:
        return model(**values)
    except ValidationError as error:
        faults = [(str(fault["loc"][0]), fault["msg"]) for fault in error.errors()]
    refused += [(prefix + key, reason.removeprefix("Value error, ")) for key, reason in faults]
    bad = {key for key, _ in faults}
    rest = {key: value for key, value in values.items() if key not in bad}
    try:
        return model(**rest)
    except ValidationError:
        return None
