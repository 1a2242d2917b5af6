"""How the C library keeps the daemon's memory. Called by `cli/preparation.py`.

Man 3 mallopt.
"""

import contextlib
import ctypes

M_MMAP_THRESHOLD = -3
LARGE_BYTES = 256 << 10


def return_large_blocks() -> None:
    """Give blocks of `LARGE_BYTES` and more back to the kernel when they are freed.

    Left to itself, glibc raises the threshold with each large block that it frees, and a
    few large replies leave a heap that never shrinks.
    """
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
