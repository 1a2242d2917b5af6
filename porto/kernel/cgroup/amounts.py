"""Amounts of memory as the kernel's page counters keep and print them.

Called by `v1/memory.py`, `v2/memory.py` and the hugetlb twins. The kernel cuts an amount to
whole pages; from `UNLIMITED` on it means no limit (include/linux/page_counter.h).
"""

import errno
import functools
import os

PAGE = os.sysconf("SC_PAGE_SIZE")
UNLIMITED = ((1 << 63) - 1) // PAGE * PAGE
HUGE = 2 << 20
"""The huge pages that hugetlb_limit counts; knobs say ``2MB``."""


def rendered(amount: int, unlimited: str, unit: int = PAGE) -> str:
    """What a knob says after `amount` was written, `unlimited` when that is no limit.

    `unit` is the size of the pages that are counted.
    """
    pages = amount // unit
    return unlimited if pages >= UNLIMITED // unit else str(pages * unit)


def canonical_v1(text: str, unit: int = PAGE) -> str:
    """A v1 amount; no limit is -1, which v1 prints as a huge number."""
    amount = int(text)
    return "-1" if amount < 0 else rendered(amount, "-1", unit)


def canonical_v2(text: str) -> str:
    """A v2 amount, or ``max``."""
    word = text.strip()
    return word if word == "max" else rendered(int(word), "max")


class Fields(dict[str, int]):
    """The numbers of a ``memory.stat`` by their words; OSError for one that is not there."""

    def __missing__(self, word: str) -> int:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), word)


@functools.lru_cache(maxsize=4)
def fields(text: str) -> Fields:
    """The numbers of a ``memory.stat``."""
    pairs = (line.split() for line in text.splitlines())
    return Fields((pair[0], int(pair[1])) for pair in pairs if len(pair) == 2)
