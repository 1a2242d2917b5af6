"""Values as people read them: sizes, durations, exit statuses, long texts.

Called by the printing commands (get, list, sort); pure. Units of each property: manual
section "Properties"; the forms are those of the original portoctl.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SIZES = frozenset(
    (
        *("memory_limit", "memory_guarantee", "memory_limit_total", "memory_guarantee_total"),
        *("memory_usage", "memory_reclaimed", "anon_limit", "anon_limit_total", "anon_usage"),
        *("anon_max_usage", "cache_usage", "shmem_usage", "mlock_usage", "dirty_limit"),
        *("hugetlb_limit", "hugetlb_usage", "virtual_memory", "place_limit", "place_usage"),
        *("stdout_limit", "stdout_offset", "stderr_offset", "io_read", "io_write", "io_limit"),
        *("net_limit", "net_guarantee", "net_rx_limit"),
        *("net_bytes", "net_rx_bytes", "net_tx_bytes"),
    )
)
_NANOSECONDS = frozenset(
    (
        *("cpu_usage", "cpu_usage_system", "cpu_wait", "cpu_throttled", "cpu_burst_usage"),
        *("cpu_unconstrained_wait", "cpu_period", "respawn_delay", "io_time"),
    )
)
_SECONDS = frozenset(["time", "dead_time", "aging_time"])
_STREAMS = frozenset(("stdout", "stderr"))

_STREAM_LIMIT = 4096
_STREAM_PART = 2048
_UNITS = "BKMGTPE"


def size(count: int) -> str:
    """Bytes with a binary unit: 1.5G, 64M, 0B."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    return f"{value:.0f}{_UNITS[unit]}" if value == int(value) else f"{value:.1f}{_UNITS[unit]}"


def duration(seconds: float) -> str:
    """12.5s, 1:02:03, 3d 4:05."""
    if seconds < 60:
        return f"{seconds:g}s"
    whole = int(seconds)
    minutes, hours, days = whole // 60 % 60, whole // 3600 % 24, whole // 86400
    if days:
        return f"{days}d {hours}:{minutes:02}"
    return f"{hours}:{minutes:02}:{whole % 60:02}"


def exit_status(status: int) -> str:
    """A wait(2) status in words."""
    number = status & 0x7F
    if not number:
        text = f"exit code: {status >> 8 & 0xFF}"
    else:
        text = f"exit signal: {number} ({signal_text(number)})"
    return f"{text} (Core dumped)" if status & 0x80 else text


def signal_text(number: int) -> str:
    """What a signal means, in the system's words."""
    import signal

    try:
        return signal.strsignal(number) or "unknown"
    except ValueError:
        return "unknown"


def stream(text: str) -> str:
    """Output of a container, its middle left out when it is long."""
    if len(text) <= _STREAM_LIMIT:
        return text
    skipped = len(text) - 2 * _STREAM_PART
    return f"{text[:_STREAM_PART]}\n... skip {skipped} bytes ...\n{text[-_STREAM_PART:]}"


def human(prop: str, value: str) -> str:
    """A property's value for reading; what cannot be understood is left as it is."""
    name, bracket, _ = prop.partition("[")
    if name in _STREAMS:
        return stream(value)
    if name == "exit_status":
        return exit_status(int(value)) if value.lstrip("-").isdigit() else value
    if name in _SIZES:
        return _each(value, size)
    if name in _NANOSECONDS:
        return _each(value.removesuffix("ns"), lambda ns: duration(ns / 1e9))
    if name in _SECONDS and not bracket:
        return _each(value, duration)
    return value


def _each(value: str, form: Callable[[int], str]) -> str:
    """Format a number, or every number of a ``key: number; ...`` map."""
    if value.isdigit():
        return form(int(value))
    if ": " not in value:
        return value
    parts = []
    for part in value.split(";"):
        key, colon, number = part.rpartition(": ")
        parts.append(f"{key}{colon}{form(int(number))}" if number.isdigit() else part)
    return ";".join(parts)


def assignment(prop: str, value: str, *, broken: bool = False) -> str:
    """``PROP = VALUE``; `broken` puts each element of a list on a line of its own."""
    if broken and "; " in value and "\n" not in value:
        indent = " " * (len(prop) + 3)
        value = f";\n{indent}".join(part.strip() for part in value.rstrip("; ").split(";"))
    return f"{prop} = {value}"
