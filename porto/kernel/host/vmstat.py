"""Counters of the whole host's memory: /proc/vmstat.

Called by the readers of `/`. Kernel: mm/vmstat.c; the words are those of proc(5).
"""

VMSTAT = "/proc/vmstat"


def read(path: str = VMSTAT) -> dict[str, int]:
    """All counters by name, in the file's units (pages or events)."""
    with open(path, encoding="ascii") as lines:
        return {name: int(number) for name, number in (line.split() for line in lines)}
