"""Which declarations sleep because somebody destroyed their container.

Used by `sources/apply.py`. Destroying the container of a file is the user's explicit
wish and outlives the daemon, but not the host: the ledger's file belongs in the
runtime directory, where the container records are.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class Ledger:
    """Digests of sleeping declarations, by container name."""

    def __init__(self, path: Path | None) -> None:
        """`path` None keeps the ledger in memory. A file that cannot be read is empty."""
        self._path = path
        self._digests: dict[str, str] = {}
        if path is not None:
            try:
                stored = json.loads(path.read_bytes())
                self._digests = {str(name): str(digest) for name, digest in stored.items()}
            except (OSError, ValueError, AttributeError):
                # At worst a destroyed container of a file comes back.
                self._digests = {}

    @property
    def digests(self) -> Mapping[str, str]:
        """The sleeping declarations; do not modify."""
        return self._digests

    def add(self, name: str, digest: str) -> None:
        """The declaration of that digest sleeps."""
        if self._digests.get(name) != digest:
            self._digests[name] = digest
            self._save()

    def discard(self, *names: str) -> None:
        """Forget these names."""
        known = [name for name in names if name in self._digests]
        for name in known:
            del self._digests[name]
        if known:
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        temporary = self._path.with_name(self._path.name + ".tmp")
        try:
            temporary.write_text(json.dumps(self._digests, separators=(",", ":")))
            os.replace(temporary, self._path)
        except OSError:
            # A full disk must not stop the store's change that led here; the memory
            # of it lasts until the daemon ends.
            with suppress(OSError):
                temporary.unlink()
