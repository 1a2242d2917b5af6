"""The cap on removals: one look at a directory removes a few of its objects, or none.

Called by `sources/apply.py` before it removes anything; pure. A file system that is not
mounted, a checkout that failed, ``rsync --delete`` from an empty place: each leaves a
directory that can be read and declares nothing, which is no wish to destroy what it
declared. The rules:

- Of a directory with at least `FLOOR` objects, what it has declared and what it declares
  now taken together, one look removes at most `removal_max_percent`. Were it more, none
  of the directory's removals is done, and each object is marked (`HELD_MARK`).
- A marked object stays, also when the share is below the cap later and over restarts of
  the daemon, until a file declares it again, somebody destroys it, or the directory's
  cap is 100.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from porto.spec.records.record import Record, Run
from porto.spec.sources.claims import HELD_MARK, Claims, Subject, claimant, subject_of
from porto.spec.sources.diagnostics import Diagnostic
from porto.spec.sources.directory import WatchedDirectory, is_under

FLOOR = 10
NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """Objects that a directory declares no more and that are kept.

    total -- how many it has declared and declares now
    """

    directory: WatchedDirectory
    subjects: tuple[Subject, ...]
    total: int

    def diagnostic(self) -> Diagnostic:
        """What is kept, why, and how to go on."""
        names = ", ".join(str(subject) for subject in self.subjects[:NAMES_SHOWN])
        more = len(self.subjects) - NAMES_SHOWN
        reason = (
            f"declares {len(self.subjects)} of its {self.total} objects no more, and more than "
            f"{self.directory.removal_max_percent} % went at once; they are kept "
            f"({names}{f' and {more} more' if more > 0 else ''}): bring their files back, destroy "
            "them by a call, or set removal_max_percent to 100"
        )
        return Diagnostic(self.directory.path, 0, "", reason)


def held_back(gone: Sequence[Record], claims: Claims, records: Sequence[Record]) -> list[Hold]:
    """Which of the objects that are declared no more are kept, by directory.

    gone    -- what files would remove now
    records -- all objects
    """
    found = []
    for directory in claims.directories if gone else ():
        cap = directory.removal_max_percent
        lost = [record for record in gone if is_under(claimant(record), directory.path)]
        if not lost or cap == 100:
            continue
        known = {
            subject_of(record)
            for record in records
            if is_under(claimant(record), directory.path) and record.intent.run is not Run.ABSENT
        }
        known |= {
            subject for subject, claim in claims.won.items() if is_under(claim.path, directory.path)
        }
        over = len(known) >= FLOOR and 100 * len(lost) > cap * len(known)
        held = tuple(subject_of(item) for item in lost if over or HELD_MARK in item.origins)
        if held:
            found.append(Hold(directory, held, len(known)))
    return found
