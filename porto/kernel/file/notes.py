"""Small files that tell a later daemon what this one was about to do.

Called by `reconcilers/engine/jobs_programs.py` and `cli/daemon.py`. One file a note, replaced
as a whole, in a directory below the runtime directory, which a reboot empties.
"""

import contextlib
import os

_MODE = 0o700
_TEMPORARY = "."


class Notes:
    """The notes in one directory, which is made by the first."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def put(self, name: str, text: str) -> None:
        """Write a note; raises OSError when it cannot be kept."""
        temporary = self._path(_TEMPORARY + name)
        try:
            descriptor = self._create(temporary)
        except FileNotFoundError:
            os.makedirs(self._directory, _MODE, exist_ok=True)
            descriptor = self._create(temporary)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            os.rename(temporary, self._path(name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def remove(self, name: str) -> None:
        """Remove a note; one that is absent is fine."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def read(self) -> dict[str, str]:
        """All notes by name, in the order of their names; what was never finished goes."""
        try:
            names = sorted(os.listdir(self._directory))
        except FileNotFoundError:
            return {}
        found = {}
        for name in names:
            if name.startswith(_TEMPORARY):
                self.remove(name)
                continue
            text = self.find(name)
            if text is not None:
                found[name] = text
        return found

    def find(self, name: str) -> str | None:
        """One note; None when there is none."""
        try:
            with open(self._path(name), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def _create(self, path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)
