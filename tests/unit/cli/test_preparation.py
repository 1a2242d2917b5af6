"""What the daemon sets for itself."""

import gc
import os
from pathlib import Path

from porto.cli import preparation


def table_size() -> int:
    """Descriptors for which the kernel has room without a wait."""
    status = Path("/proc/self/status").read_text()
    (found,) = [line for line in status.splitlines() if line.startswith("FDSize:")]
    return int(found.split()[1])


def test_there_is_room_for_all_descriptors_and_none_is_left_open() -> None:
    count = 2 * table_size()
    before = os.listdir("/proc/self/fd")
    preparation._make_room_for_files(count)
    assert table_size() >= count
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_descriptor_that_is_open_there_stays() -> None:
    theirs = os.open("/", os.O_PATH)
    try:
        preparation._make_room_for_files(theirs + 1)
        os.fstat(theirs)
    finally:
        os.close(theirs)


def test_the_collector_looks_at_what_comes_after_the_start_only() -> None:
    threshold = gc.get_threshold()
    gc.disable()
    try:
        preparation.tune_collector()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*threshold)
