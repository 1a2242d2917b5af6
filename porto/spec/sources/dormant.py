"""Which declarations sleep because somebody destroyed their object.

Used by `sources/apply.py`. Destroying the object of a file is the user's explicit
wish and outlives the daemon, but not the host: the list's file belongs in the
runtime directory, where the records are.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from porto.spec.sources.claims import Subject


class Dormant:
    """Digests of sleeping declarations, by subject."""

    def __init__(self, path: Path | None) -> None:
        """`path` None keeps the list in memory. A file that cannot be read is empty."""
        self._path = path
        self._digests: dict[Subject, str] = {}
        if path is not None:
            try:
                stored = json.loads(path.read_bytes())
                self._digests = {
                    Subject.parse(str(name)): str(digest) for name, digest in stored.items()
                }
            except (OSError, ValueError, AttributeError):
                # At worst a destroyed object of a file comes back.
                self._digests = {}

    @property
    def digests(self) -> Mapping[Subject, str]:
        """The sleeping declarations; do not modify."""
        return self._digests

    def add(self, subject: Subject, digest: str) -> None:
        """The declaration of that digest sleeps."""
        if self._digests.get(subject) != digest:
            self._digests[subject] = digest
            self._save()

    def discard(self, *subjects: Subject) -> None:
        """Forget these."""
        known = [subject for subject in subjects if subject in self._digests]
        for subject in known:
            del self._digests[subject]
        if known:
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        temporary = self._path.with_name(self._path.name + ".tmp")
        try:
            body = {str(subject): digest for subject, digest in self._digests.items()}
            temporary.write_text(json.dumps(body, separators=(",", ":")))
            os.replace(temporary, self._path)
        except OSError:
            # A full disk must not stop the store's change that led here; the memory
            # of it lasts until the daemon ends.
            with suppress(OSError):
                temporary.unlink()
