"""Codecs of users and groups.

Used by `spec/containers/fields/`. The value is a name where the system knows one, else the
number as text; the reconcilers resolve it again at launch.
"""

import grp
import pwd
from typing import Any

from porto.spec.codecs.syntax import BLANKS, check_text, native_text
from porto.spec.prop import Codec, Rejected

ID_MAX = (1 << 32) - 2
NAME_MAX_BYTES = 256


class _AccountName(Codec[str]):
    """What users and groups have in common.

    registered -- refuse numbers that the system's databases do not know
    """

    noun = ""

    def __init__(self, *, registered: bool = False) -> None:
        self.registered = registered

    def parse(self, text: str) -> str:
        """The account's name, or its number when it has no name."""
        text = check_text(text.strip(BLANKS), NAME_MAX_BYTES)
        if not text:
            raise Rejected(f"the {self.noun} is empty")
        if text.isascii() and text.isdecimal():
            number = int(text)
            if number > ID_MAX:
                raise Rejected(f"{self.noun} id above {ID_MAX}")
            name = self._name(number)
            if name is None and self.registered:
                raise Rejected(f"no such {self.noun}")
            return name or str(number)
        if not self._known(text):
            raise Rejected(f"no such {self.noun}")
        return text

    def restore(self, text: str) -> str:
        """The stored text: an account may have gone since."""
        return check_text(text, NAME_MAX_BYTES)

    def format(self, value: str) -> str:
        """The name or number."""
        return value

    def native(self, value: Any) -> str:
        """A document's name or number."""
        return self.parse(native_text(value))

    def native_schema(self) -> dict[str, Any]:
        """A JSON string or integer."""
        return {"type": ["string", "integer"]}

    def _name(self, number: int) -> str | None:
        raise NotImplementedError

    def _known(self, name: str) -> bool:
        raise NotImplementedError


class UserName(_AccountName):
    """A user: name or uid."""

    noun = "user"

    def _name(self, number: int) -> str | None:
        try:
            return pwd.getpwuid(number).pw_name
        except KeyError:
            return None

    def _known(self, name: str) -> bool:
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True


class GroupName(_AccountName):
    """A group: name or gid."""

    noun = "group"

    def _name(self, number: int) -> str | None:
        try:
            return grp.getgrgid(number).gr_name
        except KeyError:
            return None

    def _known(self, name: str) -> bool:
        try:
            grp.getgrnam(name)
        except KeyError:
            return False
        return True
