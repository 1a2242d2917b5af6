"""Lists of CPUs and memory nodes as knobs show them: ``0-3,5``. cpuset(7), "List format".

Used by `v1/cpuset.py` and `v2/cpuset.py`.
"""

import functools

from porto.spec.cpulist import format_cpus, parse_cpus


@functools.lru_cache(maxsize=256)
def canonical_list(text: str) -> str:
    """The list in the one form that `render` writes; what is no list stays as it is."""
    text = text.strip()
    try:
        return format_cpus(parse_cpus(text))
    except ValueError:
        return text
