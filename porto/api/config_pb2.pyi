from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class File(_message.Message):
    __slots__ = ("path", "perm")
    PATH_FIELD_NUMBER: _ClassVar[int]
    PERM_FIELD_NUMBER: _ClassVar[int]
    path: str
    perm: int
    def __init__(self, path: _Optional[str] = ..., perm: _Optional[int] = ...) -> None: ...

class Sysctl(_message.Message):
    __slots__ = ("key", "val")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VAL_FIELD_NUMBER: _ClassVar[int]
    key: str
    val: str
    def __init__(self, key: _Optional[str] = ..., val: _Optional[str] = ...) -> None: ...

class Variable(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Config(_message.Message):
    __slots__ = ("keyvalue_limit", "keyvalue_size", "linux_version", "log", "daemon", "container", "volumes", "core", "network", "paths", "spec_dir", "master_pid", "slave_pid", "master_log", "slave_log", "version", "journal_dir", "rpc_sock", "keyval", "journal_ttl_ms", "privileges")
    KEYVALUE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    KEYVALUE_SIZE_FIELD_NUMBER: _ClassVar[int]
    LINUX_VERSION_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    VOLUMES_FIELD_NUMBER: _ClassVar[int]
    CORE_FIELD_NUMBER: _ClassVar[int]
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    SPEC_DIR_FIELD_NUMBER: _ClassVar[int]
    MASTER_PID_FIELD_NUMBER: _ClassVar[int]
    SLAVE_PID_FIELD_NUMBER: _ClassVar[int]
    MASTER_LOG_FIELD_NUMBER: _ClassVar[int]
    SLAVE_LOG_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_DIR_FIELD_NUMBER: _ClassVar[int]
    RPC_SOCK_FIELD_NUMBER: _ClassVar[int]
    KEYVAL_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_TTL_MS_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    keyvalue_limit: int
    keyvalue_size: int
    linux_version: str
    log: Log
    daemon: Daemon
    container: Container
    volumes: Volumes
    core: Core
    network: Network
    paths: Paths
    spec_dir: _containers.RepeatedCompositeFieldContainer[SpecDirectory]
    master_pid: File
    slave_pid: File
    master_log: File
    slave_log: File
    version: File
    journal_dir: File
    rpc_sock: RpcSocket
    keyval: KeyValue
    journal_ttl_ms: int
    privileges: Privileges
    def __init__(self, keyvalue_limit: _Optional[int] = ..., keyvalue_size: _Optional[int] = ..., linux_version: _Optional[str] = ..., log: _Optional[_Union[Log, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., container: _Optional[_Union[Container, _Mapping]] = ..., volumes: _Optional[_Union[Volumes, _Mapping]] = ..., core: _Optional[_Union[Core, _Mapping]] = ..., network: _Optional[_Union[Network, _Mapping]] = ..., paths: _Optional[_Union[Paths, _Mapping]] = ..., spec_dir: _Optional[_Iterable[_Union[SpecDirectory, _Mapping]]] = ..., master_pid: _Optional[_Union[File, _Mapping]] = ..., slave_pid: _Optional[_Union[File, _Mapping]] = ..., master_log: _Optional[_Union[File, _Mapping]] = ..., slave_log: _Optional[_Union[File, _Mapping]] = ..., version: _Optional[_Union[File, _Mapping]] = ..., journal_dir: _Optional[_Union[File, _Mapping]] = ..., rpc_sock: _Optional[_Union[RpcSocket, _Mapping]] = ..., keyval: _Optional[_Union[KeyValue, _Mapping]] = ..., journal_ttl_ms: _Optional[int] = ..., privileges: _Optional[_Union[Privileges, _Mapping]] = ...) -> None: ...

class RpcSocket(_message.Message):
    __slots__ = ("file", "group")
    FILE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    file: File
    group: str
    def __init__(self, file: _Optional[_Union[File, _Mapping]] = ..., group: _Optional[str] = ...) -> None: ...

class KeyValue(_message.Message):
    __slots__ = ("file", "size")
    FILE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    file: File
    size: str
    def __init__(self, file: _Optional[_Union[File, _Mapping]] = ..., size: _Optional[str] = ...) -> None: ...

class Privileges(_message.Message):
    __slots__ = ("root_user", "root_group", "restricted_root_user", "restricted_root_group", "enforce_bind_permissions")
    ROOT_USER_FIELD_NUMBER: _ClassVar[int]
    ROOT_GROUP_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_ROOT_USER_FIELD_NUMBER: _ClassVar[int]
    RESTRICTED_ROOT_GROUP_FIELD_NUMBER: _ClassVar[int]
    ENFORCE_BIND_PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    root_user: _containers.RepeatedScalarFieldContainer[str]
    root_group: _containers.RepeatedScalarFieldContainer[str]
    restricted_root_user: _containers.RepeatedScalarFieldContainer[str]
    restricted_root_group: _containers.RepeatedScalarFieldContainer[str]
    enforce_bind_permissions: bool
    def __init__(self, root_user: _Optional[_Iterable[str]] = ..., root_group: _Optional[_Iterable[str]] = ..., restricted_root_user: _Optional[_Iterable[str]] = ..., restricted_root_group: _Optional[_Iterable[str]] = ..., enforce_bind_permissions: _Optional[bool] = ...) -> None: ...

class Paths(_message.Message):
    __slots__ = ("runtime", "place", "containers", "log", "cgroup")
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    CONTAINERS_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    CGROUP_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    place: str
    containers: str
    log: str
    cgroup: str
    def __init__(self, runtime: _Optional[str] = ..., place: _Optional[str] = ..., containers: _Optional[str] = ..., log: _Optional[str] = ..., cgroup: _Optional[str] = ...) -> None: ...

class SpecDirectory(_message.Message):
    __slots__ = ("path", "enforce", "restart", "removal_max_percent")
    PATH_FIELD_NUMBER: _ClassVar[int]
    ENFORCE_FIELD_NUMBER: _ClassVar[int]
    RESTART_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_MAX_PERCENT_FIELD_NUMBER: _ClassVar[int]
    path: str
    enforce: bool
    restart: bool
    removal_max_percent: int
    def __init__(self, path: _Optional[str] = ..., enforce: _Optional[bool] = ..., restart: _Optional[bool] = ..., removal_max_percent: _Optional[int] = ...) -> None: ...

class Log(_message.Message):
    __slots__ = ("verbose", "debug")
    VERBOSE_FIELD_NUMBER: _ClassVar[int]
    DEBUG_FIELD_NUMBER: _ClassVar[int]
    verbose: bool
    debug: bool
    def __init__(self, verbose: _Optional[bool] = ..., debug: _Optional[bool] = ...) -> None: ...

class Daemon(_message.Message):
    __slots__ = ("max_clients", "max_clients_in_container", "client_idle_timeout", "max_msg_len", "cgroup_remove_timeout_s", "freezer_wait_timeout_s", "memory_guarantee_reserve", "log_rotate_ms", "memory_limit", "helpers_memory_limit", "helpers_dirty_limit", "portod_stop_timeout", "portod_start_timeout", "portod_shutdown_timeout", "merge_memory_blkio_controllers", "debug_hung_tasks_count", "tar_path", "request_handling_delay_ms", "docker_images_support", "resync_s", "removal_max_percent", "workers", "rw_threads", "ro_threads", "io_threads", "vl_threads", "sysfs_root", "blocking_read", "blocking_write", "event_workers", "debug")
    MAX_CLIENTS_FIELD_NUMBER: _ClassVar[int]
    MAX_CLIENTS_IN_CONTAINER_FIELD_NUMBER: _ClassVar[int]
    CLIENT_IDLE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_MSG_LEN_FIELD_NUMBER: _ClassVar[int]
    CGROUP_REMOVE_TIMEOUT_S_FIELD_NUMBER: _ClassVar[int]
    FREEZER_WAIT_TIMEOUT_S_FIELD_NUMBER: _ClassVar[int]
    MEMORY_GUARANTEE_RESERVE_FIELD_NUMBER: _ClassVar[int]
    LOG_ROTATE_MS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    HELPERS_MEMORY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    HELPERS_DIRTY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PORTOD_STOP_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PORTOD_START_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PORTOD_SHUTDOWN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MERGE_MEMORY_BLKIO_CONTROLLERS_FIELD_NUMBER: _ClassVar[int]
    DEBUG_HUNG_TASKS_COUNT_FIELD_NUMBER: _ClassVar[int]
    TAR_PATH_FIELD_NUMBER: _ClassVar[int]
    REQUEST_HANDLING_DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    DOCKER_IMAGES_SUPPORT_FIELD_NUMBER: _ClassVar[int]
    RESYNC_S_FIELD_NUMBER: _ClassVar[int]
    REMOVAL_MAX_PERCENT_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    RW_THREADS_FIELD_NUMBER: _ClassVar[int]
    RO_THREADS_FIELD_NUMBER: _ClassVar[int]
    IO_THREADS_FIELD_NUMBER: _ClassVar[int]
    VL_THREADS_FIELD_NUMBER: _ClassVar[int]
    SYSFS_ROOT_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_READ_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_WRITE_FIELD_NUMBER: _ClassVar[int]
    EVENT_WORKERS_FIELD_NUMBER: _ClassVar[int]
    DEBUG_FIELD_NUMBER: _ClassVar[int]
    max_clients: int
    max_clients_in_container: int
    client_idle_timeout: int
    max_msg_len: int
    cgroup_remove_timeout_s: int
    freezer_wait_timeout_s: int
    memory_guarantee_reserve: int
    log_rotate_ms: int
    memory_limit: int
    helpers_memory_limit: int
    helpers_dirty_limit: int
    portod_stop_timeout: int
    portod_start_timeout: int
    portod_shutdown_timeout: int
    merge_memory_blkio_controllers: bool
    debug_hung_tasks_count: int
    tar_path: str
    request_handling_delay_ms: int
    docker_images_support: bool
    resync_s: int
    removal_max_percent: int
    workers: int
    rw_threads: int
    ro_threads: int
    io_threads: int
    vl_threads: int
    sysfs_root: str
    blocking_read: bool
    blocking_write: bool
    event_workers: int
    debug: bool
    def __init__(self, max_clients: _Optional[int] = ..., max_clients_in_container: _Optional[int] = ..., client_idle_timeout: _Optional[int] = ..., max_msg_len: _Optional[int] = ..., cgroup_remove_timeout_s: _Optional[int] = ..., freezer_wait_timeout_s: _Optional[int] = ..., memory_guarantee_reserve: _Optional[int] = ..., log_rotate_ms: _Optional[int] = ..., memory_limit: _Optional[int] = ..., helpers_memory_limit: _Optional[int] = ..., helpers_dirty_limit: _Optional[int] = ..., portod_stop_timeout: _Optional[int] = ..., portod_start_timeout: _Optional[int] = ..., portod_shutdown_timeout: _Optional[int] = ..., merge_memory_blkio_controllers: _Optional[bool] = ..., debug_hung_tasks_count: _Optional[int] = ..., tar_path: _Optional[str] = ..., request_handling_delay_ms: _Optional[int] = ..., docker_images_support: _Optional[bool] = ..., resync_s: _Optional[int] = ..., removal_max_percent: _Optional[int] = ..., workers: _Optional[int] = ..., rw_threads: _Optional[int] = ..., ro_threads: _Optional[int] = ..., io_threads: _Optional[int] = ..., vl_threads: _Optional[int] = ..., sysfs_root: _Optional[str] = ..., blocking_read: _Optional[bool] = ..., blocking_write: _Optional[bool] = ..., event_workers: _Optional[int] = ..., debug: _Optional[bool] = ...) -> None: ...

class DevicePreset(_message.Message):
    __slots__ = ("preset", "device")
    PRESET_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    preset: str
    device: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, preset: _Optional[str] = ..., device: _Optional[_Iterable[str]] = ...) -> None: ...

class DeviceSysfs(_message.Message):
    __slots__ = ("device", "sysfs")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    SYSFS_FIELD_NUMBER: _ClassVar[int]
    device: str
    sysfs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, device: _Optional[str] = ..., sysfs: _Optional[_Iterable[str]] = ...) -> None: ...

class ExtraProperties(_message.Message):
    __slots__ = ("filter", "properties")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    filter: str
    properties: _containers.RepeatedCompositeFieldContainer[Variable]
    def __init__(self, filter: _Optional[str] = ..., properties: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ...) -> None: ...

class Container(_message.Message):
    __slots__ = ("max_total", "default_aging_time_s", "respawn_delay_ms", "kill_timeout_ms", "stop_timeout_ms", "start_timeout_ms", "stdout_limit", "stdout_limit_max", "std_stream_read_limit", "min_memory_limit", "default_ulimit", "default_thread_limit", "default_resolv_conf", "default_porto_namespace", "cpu_period", "enable_cpu_reserve", "rt_priority", "rt_nice", "high_nice", "enable_tracefs", "enable_hugetlb", "devpts_max", "dev_size", "net_sysctl", "ipc_sysctl", "enable_cgroup2", "enable_blkio", "enable_systemd", "detect_systemd", "use_os_mode_cgroupns", "enable_rw_cgroupfs", "enable_rw_net_cgroups", "enable_docker_mode", "cpu_limit_scale", "proportional_cpu_shares", "propagate_cpu_guarantee", "pressurize_on_death", "dead_memory_soft_limit", "memory_limit_margin", "anon_limit_margin", "memlock_minimal", "memlock_margin", "memory_high_limit_proportion", "ptrace_on_start", "extra_devices", "device_preset", "device_sysfs", "extra_env", "extra_properties", "rec_bind_hack", "empty_wait_timeout_ms", "private_max", "default_bind_dns", "max_log_size", "tmp_dir", "use_hierarchy", "batch_io_weight", "normal_io_weight", "chroot_porto_dir", "scoped_unlock", "enable_smart", "all_controllers")
    MAX_TOTAL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_AGING_TIME_S_FIELD_NUMBER: _ClassVar[int]
    RESPAWN_DELAY_MS_FIELD_NUMBER: _ClassVar[int]
    KILL_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    STOP_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    START_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    STDOUT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    STDOUT_LIMIT_MAX_FIELD_NUMBER: _ClassVar[int]
    STD_STREAM_READ_LIMIT_FIELD_NUMBER: _ClassVar[int]
    MIN_MEMORY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_ULIMIT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_THREAD_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_RESOLV_CONF_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PORTO_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CPU_PERIOD_FIELD_NUMBER: _ClassVar[int]
    ENABLE_CPU_RESERVE_FIELD_NUMBER: _ClassVar[int]
    RT_PRIORITY_FIELD_NUMBER: _ClassVar[int]
    RT_NICE_FIELD_NUMBER: _ClassVar[int]
    HIGH_NICE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_TRACEFS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_HUGETLB_FIELD_NUMBER: _ClassVar[int]
    DEVPTS_MAX_FIELD_NUMBER: _ClassVar[int]
    DEV_SIZE_FIELD_NUMBER: _ClassVar[int]
    NET_SYSCTL_FIELD_NUMBER: _ClassVar[int]
    IPC_SYSCTL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_CGROUP2_FIELD_NUMBER: _ClassVar[int]
    ENABLE_BLKIO_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SYSTEMD_FIELD_NUMBER: _ClassVar[int]
    DETECT_SYSTEMD_FIELD_NUMBER: _ClassVar[int]
    USE_OS_MODE_CGROUPNS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_RW_CGROUPFS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_RW_NET_CGROUPS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_DOCKER_MODE_FIELD_NUMBER: _ClassVar[int]
    CPU_LIMIT_SCALE_FIELD_NUMBER: _ClassVar[int]
    PROPORTIONAL_CPU_SHARES_FIELD_NUMBER: _ClassVar[int]
    PROPAGATE_CPU_GUARANTEE_FIELD_NUMBER: _ClassVar[int]
    PRESSURIZE_ON_DEATH_FIELD_NUMBER: _ClassVar[int]
    DEAD_MEMORY_SOFT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LIMIT_MARGIN_FIELD_NUMBER: _ClassVar[int]
    ANON_LIMIT_MARGIN_FIELD_NUMBER: _ClassVar[int]
    MEMLOCK_MINIMAL_FIELD_NUMBER: _ClassVar[int]
    MEMLOCK_MARGIN_FIELD_NUMBER: _ClassVar[int]
    MEMORY_HIGH_LIMIT_PROPORTION_FIELD_NUMBER: _ClassVar[int]
    PTRACE_ON_START_FIELD_NUMBER: _ClassVar[int]
    EXTRA_DEVICES_FIELD_NUMBER: _ClassVar[int]
    DEVICE_PRESET_FIELD_NUMBER: _ClassVar[int]
    DEVICE_SYSFS_FIELD_NUMBER: _ClassVar[int]
    EXTRA_ENV_FIELD_NUMBER: _ClassVar[int]
    EXTRA_PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    REC_BIND_HACK_FIELD_NUMBER: _ClassVar[int]
    EMPTY_WAIT_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_MAX_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_BIND_DNS_FIELD_NUMBER: _ClassVar[int]
    MAX_LOG_SIZE_FIELD_NUMBER: _ClassVar[int]
    TMP_DIR_FIELD_NUMBER: _ClassVar[int]
    USE_HIERARCHY_FIELD_NUMBER: _ClassVar[int]
    BATCH_IO_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NORMAL_IO_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    CHROOT_PORTO_DIR_FIELD_NUMBER: _ClassVar[int]
    SCOPED_UNLOCK_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SMART_FIELD_NUMBER: _ClassVar[int]
    ALL_CONTROLLERS_FIELD_NUMBER: _ClassVar[int]
    max_total: int
    default_aging_time_s: int
    respawn_delay_ms: int
    kill_timeout_ms: int
    stop_timeout_ms: int
    start_timeout_ms: int
    stdout_limit: int
    stdout_limit_max: int
    std_stream_read_limit: int
    min_memory_limit: int
    default_ulimit: str
    default_thread_limit: int
    default_resolv_conf: str
    default_porto_namespace: bool
    cpu_period: int
    enable_cpu_reserve: bool
    rt_priority: int
    rt_nice: int
    high_nice: int
    enable_tracefs: bool
    enable_hugetlb: bool
    devpts_max: int
    dev_size: int
    net_sysctl: _containers.RepeatedCompositeFieldContainer[Sysctl]
    ipc_sysctl: _containers.RepeatedCompositeFieldContainer[Sysctl]
    enable_cgroup2: bool
    enable_blkio: bool
    enable_systemd: bool
    detect_systemd: bool
    use_os_mode_cgroupns: bool
    enable_rw_cgroupfs: bool
    enable_rw_net_cgroups: bool
    enable_docker_mode: bool
    cpu_limit_scale: float
    proportional_cpu_shares: bool
    propagate_cpu_guarantee: bool
    pressurize_on_death: bool
    dead_memory_soft_limit: int
    memory_limit_margin: int
    anon_limit_margin: int
    memlock_minimal: int
    memlock_margin: int
    memory_high_limit_proportion: float
    ptrace_on_start: bool
    extra_devices: str
    device_preset: _containers.RepeatedCompositeFieldContainer[DevicePreset]
    device_sysfs: _containers.RepeatedCompositeFieldContainer[DeviceSysfs]
    extra_env: _containers.RepeatedCompositeFieldContainer[Variable]
    extra_properties: _containers.RepeatedCompositeFieldContainer[ExtraProperties]
    rec_bind_hack: _containers.RepeatedScalarFieldContainer[str]
    empty_wait_timeout_ms: int
    private_max: int
    default_bind_dns: bool
    max_log_size: int
    tmp_dir: str
    use_hierarchy: bool
    batch_io_weight: int
    normal_io_weight: int
    chroot_porto_dir: str
    scoped_unlock: bool
    enable_smart: bool
    all_controllers: bool
    def __init__(self, max_total: _Optional[int] = ..., default_aging_time_s: _Optional[int] = ..., respawn_delay_ms: _Optional[int] = ..., kill_timeout_ms: _Optional[int] = ..., stop_timeout_ms: _Optional[int] = ..., start_timeout_ms: _Optional[int] = ..., stdout_limit: _Optional[int] = ..., stdout_limit_max: _Optional[int] = ..., std_stream_read_limit: _Optional[int] = ..., min_memory_limit: _Optional[int] = ..., default_ulimit: _Optional[str] = ..., default_thread_limit: _Optional[int] = ..., default_resolv_conf: _Optional[str] = ..., default_porto_namespace: _Optional[bool] = ..., cpu_period: _Optional[int] = ..., enable_cpu_reserve: _Optional[bool] = ..., rt_priority: _Optional[int] = ..., rt_nice: _Optional[int] = ..., high_nice: _Optional[int] = ..., enable_tracefs: _Optional[bool] = ..., enable_hugetlb: _Optional[bool] = ..., devpts_max: _Optional[int] = ..., dev_size: _Optional[int] = ..., net_sysctl: _Optional[_Iterable[_Union[Sysctl, _Mapping]]] = ..., ipc_sysctl: _Optional[_Iterable[_Union[Sysctl, _Mapping]]] = ..., enable_cgroup2: _Optional[bool] = ..., enable_blkio: _Optional[bool] = ..., enable_systemd: _Optional[bool] = ..., detect_systemd: _Optional[bool] = ..., use_os_mode_cgroupns: _Optional[bool] = ..., enable_rw_cgroupfs: _Optional[bool] = ..., enable_rw_net_cgroups: _Optional[bool] = ..., enable_docker_mode: _Optional[bool] = ..., cpu_limit_scale: _Optional[float] = ..., proportional_cpu_shares: _Optional[bool] = ..., propagate_cpu_guarantee: _Optional[bool] = ..., pressurize_on_death: _Optional[bool] = ..., dead_memory_soft_limit: _Optional[int] = ..., memory_limit_margin: _Optional[int] = ..., anon_limit_margin: _Optional[int] = ..., memlock_minimal: _Optional[int] = ..., memlock_margin: _Optional[int] = ..., memory_high_limit_proportion: _Optional[float] = ..., ptrace_on_start: _Optional[bool] = ..., extra_devices: _Optional[str] = ..., device_preset: _Optional[_Iterable[_Union[DevicePreset, _Mapping]]] = ..., device_sysfs: _Optional[_Iterable[_Union[DeviceSysfs, _Mapping]]] = ..., extra_env: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., extra_properties: _Optional[_Iterable[_Union[ExtraProperties, _Mapping]]] = ..., rec_bind_hack: _Optional[_Iterable[str]] = ..., empty_wait_timeout_ms: _Optional[int] = ..., private_max: _Optional[int] = ..., default_bind_dns: _Optional[bool] = ..., max_log_size: _Optional[int] = ..., tmp_dir: _Optional[str] = ..., use_hierarchy: _Optional[bool] = ..., batch_io_weight: _Optional[int] = ..., normal_io_weight: _Optional[int] = ..., chroot_porto_dir: _Optional[str] = ..., scoped_unlock: _Optional[bool] = ..., enable_smart: _Optional[bool] = ..., all_controllers: _Optional[bool] = ...) -> None: ...

class Volumes(_message.Message):
    __slots__ = ("enable_quota", "max_total", "place_load_limit", "direct_io_loop", "default_lvm_group", "squashfs_compression", "parallel_compression", "keep_project_quota_id", "insecure_user_paths", "aux_default_places", "fs_stat_update_interval_ms", "keyval", "volume_dir", "enabled", "layers_dir", "default_place")
    ENABLE_QUOTA_FIELD_NUMBER: _ClassVar[int]
    MAX_TOTAL_FIELD_NUMBER: _ClassVar[int]
    PLACE_LOAD_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DIRECT_IO_LOOP_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LVM_GROUP_FIELD_NUMBER: _ClassVar[int]
    SQUASHFS_COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    KEEP_PROJECT_QUOTA_ID_FIELD_NUMBER: _ClassVar[int]
    INSECURE_USER_PATHS_FIELD_NUMBER: _ClassVar[int]
    AUX_DEFAULT_PLACES_FIELD_NUMBER: _ClassVar[int]
    FS_STAT_UPDATE_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    KEYVAL_FIELD_NUMBER: _ClassVar[int]
    VOLUME_DIR_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    LAYERS_DIR_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PLACE_FIELD_NUMBER: _ClassVar[int]
    enable_quota: bool
    max_total: int
    place_load_limit: str
    direct_io_loop: bool
    default_lvm_group: str
    squashfs_compression: str
    parallel_compression: bool
    keep_project_quota_id: bool
    insecure_user_paths: str
    aux_default_places: str
    fs_stat_update_interval_ms: int
    keyval: KeyValue
    volume_dir: str
    enabled: bool
    layers_dir: str
    default_place: str
    def __init__(self, enable_quota: _Optional[bool] = ..., max_total: _Optional[int] = ..., place_load_limit: _Optional[str] = ..., direct_io_loop: _Optional[bool] = ..., default_lvm_group: _Optional[str] = ..., squashfs_compression: _Optional[str] = ..., parallel_compression: _Optional[bool] = ..., keep_project_quota_id: _Optional[bool] = ..., insecure_user_paths: _Optional[str] = ..., aux_default_places: _Optional[str] = ..., fs_stat_update_interval_ms: _Optional[int] = ..., keyval: _Optional[_Union[KeyValue, _Mapping]] = ..., volume_dir: _Optional[str] = ..., enabled: _Optional[bool] = ..., layers_dir: _Optional[str] = ..., default_place: _Optional[str] = ...) -> None: ...

class Core(_message.Message):
    __slots__ = ("enable", "timeout_s", "default_pattern", "space_limit_mb", "slot_space_limit_mb", "sync_size")
    ENABLE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_S_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PATTERN_FIELD_NUMBER: _ClassVar[int]
    SPACE_LIMIT_MB_FIELD_NUMBER: _ClassVar[int]
    SLOT_SPACE_LIMIT_MB_FIELD_NUMBER: _ClassVar[int]
    SYNC_SIZE_FIELD_NUMBER: _ClassVar[int]
    enable: bool
    timeout_s: int
    default_pattern: str
    space_limit_mb: int
    slot_space_limit_mb: int
    sync_size: int
    def __init__(self, enable: _Optional[bool] = ..., timeout_s: _Optional[int] = ..., default_pattern: _Optional[str] = ..., space_limit_mb: _Optional[int] = ..., slot_space_limit_mb: _Optional[int] = ..., sync_size: _Optional[int] = ...) -> None: ...

class AddressLabel(_message.Message):
    __slots__ = ("prefix", "label")
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    prefix: str
    label: int
    def __init__(self, prefix: _Optional[str] = ..., label: _Optional[int] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("dst", "mtu", "advmss")
    DST_FIELD_NUMBER: _ClassVar[int]
    MTU_FIELD_NUMBER: _ClassVar[int]
    ADVMSS_FIELD_NUMBER: _ClassVar[int]
    dst: str
    mtu: int
    advmss: int
    def __init__(self, dst: _Optional[str] = ..., mtu: _Optional[int] = ..., advmss: _Optional[int] = ...) -> None: ...

class DscpClass(_message.Message):
    __slots__ = ("name", "weight", "limit", "max_percent")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MAX_PERCENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    weight: int
    limit: int
    max_percent: float
    def __init__(self, name: _Optional[str] = ..., weight: _Optional[int] = ..., limit: _Optional[int] = ..., max_percent: _Optional[float] = ...) -> None: ...

class Network(_message.Message):
    __slots__ = ("watchdog_ms", "proxy_ndp_watchdog_ms", "proxy_ndp", "l3_migration_hack", "nat_first_ipv4", "nat_first_ipv6", "nat_count", "autoconf_timeout_s", "ipip6_encap_limit", "ipip6_ttl", "enable_ip6tnl0", "enable_iproute", "addrlabel", "unmanaged_device", "unmanaged_group", "device_qdisc", "device_rate", "device_ceil", "device_quantum", "device_rate_burst", "device_ceil_burst", "default_rate", "porto_rate", "container_rate", "default_qdisc", "default_qdisc_limit", "default_qdisc_quantum", "container_qdisc", "container_qdisc_limit", "container_qdisc_quantum", "ingress_burst", "resolv_conf_watchdog_ms", "sock_diag_update_interval_ms", "sock_diag_max_fds", "enable_host_net_classes", "proxy_ndp_max_range", "l3_default_mtu", "l3_default_ipv4_mtu", "l3_default_ipv6_mtu", "extra_routes", "ipip6_tx_queues", "managed_device", "managed_ip6tnl", "managed_vlan", "enforce_unmanaged_defaults", "default_ceil", "dscp_class", "default_tos", "enable_netcls_priority", "codel_target", "codel_interval", "codel_ce_threshold", "codel_ecn", "fq_codel_memory_limit", "fq_codel_flows", "default_uplink_speed_gb", "l3stat_watchdog_ms", "l3stat_watchdog_lost_ms", "network_ifup_script", "cache_statistics_ms", "enabled", "debug", "devices", "default_prio", "default_max_guarantee", "default_guarantee", "default_limit", "alias", "dynamic_ifaces")
    WATCHDOG_MS_FIELD_NUMBER: _ClassVar[int]
    PROXY_NDP_WATCHDOG_MS_FIELD_NUMBER: _ClassVar[int]
    PROXY_NDP_FIELD_NUMBER: _ClassVar[int]
    L3_MIGRATION_HACK_FIELD_NUMBER: _ClassVar[int]
    NAT_FIRST_IPV4_FIELD_NUMBER: _ClassVar[int]
    NAT_FIRST_IPV6_FIELD_NUMBER: _ClassVar[int]
    NAT_COUNT_FIELD_NUMBER: _ClassVar[int]
    AUTOCONF_TIMEOUT_S_FIELD_NUMBER: _ClassVar[int]
    IPIP6_ENCAP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    IPIP6_TTL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_IP6TNL0_FIELD_NUMBER: _ClassVar[int]
    ENABLE_IPROUTE_FIELD_NUMBER: _ClassVar[int]
    ADDRLABEL_FIELD_NUMBER: _ClassVar[int]
    UNMANAGED_DEVICE_FIELD_NUMBER: _ClassVar[int]
    UNMANAGED_GROUP_FIELD_NUMBER: _ClassVar[int]
    DEVICE_QDISC_FIELD_NUMBER: _ClassVar[int]
    DEVICE_RATE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_CEIL_FIELD_NUMBER: _ClassVar[int]
    DEVICE_QUANTUM_FIELD_NUMBER: _ClassVar[int]
    DEVICE_RATE_BURST_FIELD_NUMBER: _ClassVar[int]
    DEVICE_CEIL_BURST_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_RATE_FIELD_NUMBER: _ClassVar[int]
    PORTO_RATE_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_RATE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_QDISC_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_QDISC_LIMIT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_QDISC_QUANTUM_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_QDISC_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_QDISC_LIMIT_FIELD_NUMBER: _ClassVar[int]
    CONTAINER_QDISC_QUANTUM_FIELD_NUMBER: _ClassVar[int]
    INGRESS_BURST_FIELD_NUMBER: _ClassVar[int]
    RESOLV_CONF_WATCHDOG_MS_FIELD_NUMBER: _ClassVar[int]
    SOCK_DIAG_UPDATE_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    SOCK_DIAG_MAX_FDS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_HOST_NET_CLASSES_FIELD_NUMBER: _ClassVar[int]
    PROXY_NDP_MAX_RANGE_FIELD_NUMBER: _ClassVar[int]
    L3_DEFAULT_MTU_FIELD_NUMBER: _ClassVar[int]
    L3_DEFAULT_IPV4_MTU_FIELD_NUMBER: _ClassVar[int]
    L3_DEFAULT_IPV6_MTU_FIELD_NUMBER: _ClassVar[int]
    EXTRA_ROUTES_FIELD_NUMBER: _ClassVar[int]
    IPIP6_TX_QUEUES_FIELD_NUMBER: _ClassVar[int]
    MANAGED_DEVICE_FIELD_NUMBER: _ClassVar[int]
    MANAGED_IP6TNL_FIELD_NUMBER: _ClassVar[int]
    MANAGED_VLAN_FIELD_NUMBER: _ClassVar[int]
    ENFORCE_UNMANAGED_DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_CEIL_FIELD_NUMBER: _ClassVar[int]
    DSCP_CLASS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_TOS_FIELD_NUMBER: _ClassVar[int]
    ENABLE_NETCLS_PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CODEL_TARGET_FIELD_NUMBER: _ClassVar[int]
    CODEL_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CODEL_CE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    CODEL_ECN_FIELD_NUMBER: _ClassVar[int]
    FQ_CODEL_MEMORY_LIMIT_FIELD_NUMBER: _ClassVar[int]
    FQ_CODEL_FLOWS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_UPLINK_SPEED_GB_FIELD_NUMBER: _ClassVar[int]
    L3STAT_WATCHDOG_MS_FIELD_NUMBER: _ClassVar[int]
    L3STAT_WATCHDOG_LOST_MS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_IFUP_SCRIPT_FIELD_NUMBER: _ClassVar[int]
    CACHE_STATISTICS_MS_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    DEBUG_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_PRIO_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MAX_GUARANTEE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_GUARANTEE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LIMIT_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    DYNAMIC_IFACES_FIELD_NUMBER: _ClassVar[int]
    watchdog_ms: int
    proxy_ndp_watchdog_ms: int
    proxy_ndp: bool
    l3_migration_hack: bool
    nat_first_ipv4: str
    nat_first_ipv6: str
    nat_count: int
    autoconf_timeout_s: int
    ipip6_encap_limit: int
    ipip6_ttl: int
    enable_ip6tnl0: bool
    enable_iproute: bool
    addrlabel: _containers.RepeatedCompositeFieldContainer[AddressLabel]
    unmanaged_device: _containers.RepeatedScalarFieldContainer[str]
    unmanaged_group: _containers.RepeatedScalarFieldContainer[str]
    device_qdisc: str
    device_rate: str
    device_ceil: str
    device_quantum: str
    device_rate_burst: str
    device_ceil_burst: str
    default_rate: str
    porto_rate: str
    container_rate: str
    default_qdisc: str
    default_qdisc_limit: str
    default_qdisc_quantum: str
    container_qdisc: str
    container_qdisc_limit: str
    container_qdisc_quantum: str
    ingress_burst: str
    resolv_conf_watchdog_ms: int
    sock_diag_update_interval_ms: int
    sock_diag_max_fds: int
    enable_host_net_classes: bool
    proxy_ndp_max_range: int
    l3_default_mtu: int
    l3_default_ipv4_mtu: int
    l3_default_ipv6_mtu: int
    extra_routes: _containers.RepeatedCompositeFieldContainer[Route]
    ipip6_tx_queues: int
    managed_device: _containers.RepeatedScalarFieldContainer[str]
    managed_ip6tnl: bool
    managed_vlan: bool
    enforce_unmanaged_defaults: bool
    default_ceil: str
    dscp_class: _containers.RepeatedCompositeFieldContainer[DscpClass]
    default_tos: str
    enable_netcls_priority: bool
    codel_target: int
    codel_interval: int
    codel_ce_threshold: int
    codel_ecn: bool
    fq_codel_memory_limit: int
    fq_codel_flows: int
    default_uplink_speed_gb: int
    l3stat_watchdog_ms: int
    l3stat_watchdog_lost_ms: int
    network_ifup_script: str
    cache_statistics_ms: int
    enabled: bool
    debug: bool
    devices: _containers.RepeatedScalarFieldContainer[str]
    default_prio: int
    default_max_guarantee: int
    default_guarantee: int
    default_limit: int
    alias: _containers.RepeatedScalarFieldContainer[str]
    dynamic_ifaces: bool
    def __init__(self, watchdog_ms: _Optional[int] = ..., proxy_ndp_watchdog_ms: _Optional[int] = ..., proxy_ndp: _Optional[bool] = ..., l3_migration_hack: _Optional[bool] = ..., nat_first_ipv4: _Optional[str] = ..., nat_first_ipv6: _Optional[str] = ..., nat_count: _Optional[int] = ..., autoconf_timeout_s: _Optional[int] = ..., ipip6_encap_limit: _Optional[int] = ..., ipip6_ttl: _Optional[int] = ..., enable_ip6tnl0: _Optional[bool] = ..., enable_iproute: _Optional[bool] = ..., addrlabel: _Optional[_Iterable[_Union[AddressLabel, _Mapping]]] = ..., unmanaged_device: _Optional[_Iterable[str]] = ..., unmanaged_group: _Optional[_Iterable[str]] = ..., device_qdisc: _Optional[str] = ..., device_rate: _Optional[str] = ..., device_ceil: _Optional[str] = ..., device_quantum: _Optional[str] = ..., device_rate_burst: _Optional[str] = ..., device_ceil_burst: _Optional[str] = ..., default_rate: _Optional[str] = ..., porto_rate: _Optional[str] = ..., container_rate: _Optional[str] = ..., default_qdisc: _Optional[str] = ..., default_qdisc_limit: _Optional[str] = ..., default_qdisc_quantum: _Optional[str] = ..., container_qdisc: _Optional[str] = ..., container_qdisc_limit: _Optional[str] = ..., container_qdisc_quantum: _Optional[str] = ..., ingress_burst: _Optional[str] = ..., resolv_conf_watchdog_ms: _Optional[int] = ..., sock_diag_update_interval_ms: _Optional[int] = ..., sock_diag_max_fds: _Optional[int] = ..., enable_host_net_classes: _Optional[bool] = ..., proxy_ndp_max_range: _Optional[int] = ..., l3_default_mtu: _Optional[int] = ..., l3_default_ipv4_mtu: _Optional[int] = ..., l3_default_ipv6_mtu: _Optional[int] = ..., extra_routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., ipip6_tx_queues: _Optional[int] = ..., managed_device: _Optional[_Iterable[str]] = ..., managed_ip6tnl: _Optional[bool] = ..., managed_vlan: _Optional[bool] = ..., enforce_unmanaged_defaults: _Optional[bool] = ..., default_ceil: _Optional[str] = ..., dscp_class: _Optional[_Iterable[_Union[DscpClass, _Mapping]]] = ..., default_tos: _Optional[str] = ..., enable_netcls_priority: _Optional[bool] = ..., codel_target: _Optional[int] = ..., codel_interval: _Optional[int] = ..., codel_ce_threshold: _Optional[int] = ..., codel_ecn: _Optional[bool] = ..., fq_codel_memory_limit: _Optional[int] = ..., fq_codel_flows: _Optional[int] = ..., default_uplink_speed_gb: _Optional[int] = ..., l3stat_watchdog_ms: _Optional[int] = ..., l3stat_watchdog_lost_ms: _Optional[int] = ..., network_ifup_script: _Optional[str] = ..., cache_statistics_ms: _Optional[int] = ..., enabled: _Optional[bool] = ..., debug: _Optional[bool] = ..., devices: _Optional[_Iterable[str]] = ..., default_prio: _Optional[int] = ..., default_max_guarantee: _Optional[int] = ..., default_guarantee: _Optional[int] = ..., default_limit: _Optional[int] = ..., alias: _Optional[_Iterable[str]] = ..., dynamic_ifaces: _Optional[bool] = ...) -> None: ...
