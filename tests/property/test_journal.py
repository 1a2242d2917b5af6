"""A writer that dies anywhere leaves a journal that can be read and gone on with."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from porto.kernel.file.journal import Journal

SEGMENT = 120
BODIES = st.lists(st.binary(max_size=40).filter(lambda body: b"\n" not in body), max_size=30)
LIVES = st.lists(st.tuples(BODIES, st.floats(0, 1), st.booleans()), min_size=1, max_size=5)
"""Of each writer: what it wrote, which share of its last line never got into the file,
and whether it died between the two steps of a rotation instead."""


@given(LIVES)
def test_any_crash_leaves_a_readable_journal(
    lives: list[tuple[list[bytes], float, bool]],
) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory, "j")
        written: list[tuple[int, bytes]] = []
        for bodies, share, rotating in lives:
            journal = Journal(str(path), segment_max=SEGMENT)
            for body in bodies:
                number = journal.append(body)
                assert number == (written[-1][0] if written else 0) + 1
                written.append((number, body))
            found = list(journal.read())
            assert found == written[len(written) - len(found) :]
            for number, _ in found:
                assert list(journal.read(number)) == [line for line in found if line[0] > number]
            journal.close()
            assert sum(item.stat().st_size for item in Path(directory).iterdir()) <= 2 * SEGMENT
            data = path.read_bytes()
            if rotating and data:
                path.rename(f"{path}.old")
            elif bodies and (cut := round(share * (len(data) - data.rfind(b"\n", 0, -1) - 1))):
                os.truncate(path, len(data) - cut)
                written.pop()
