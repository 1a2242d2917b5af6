"""Names as a client spells and sees them: resolution, display, wildcards.

Called by the handlers with the client's namespace and container; the result is a
full container name, the key of the store. Manual section "Name": ``/`` is the host,
``self`` the client's container, ``.`` the common parent of all that is visible,
``/porto/x`` an absolute name; everything else is relative to the namespace.
"""

from dataclasses import dataclass

from porto.api.masks import matcher
from porto.spec.containers.names import ROOT, is_below
from porto.spec.errors import Permission

ABSOLUTE = "/porto/"
SELF = "self"
DOT = "."


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the tree a client sees, and under which names.

    namespace -- prefix of the names it sees, "" for all; mostly ends with a slash
    container -- full name of the client's own container, `ROOT` for the host
    """

    namespace: str = ""
    container: str = ROOT

    def resolve(self, name: str) -> str:
        """The full name of what the client calls `name`; raises Permission.

        The result need not exist, nor be a valid name.
        """
        full = _normal(self._expand(name))
        if not self.reaches(full):
            shown = name if len(name) <= 220 else name[:220] + "..."
            raise Permission(f"container name out of namespace: {shown!r}")
        return full

    def reaches(self, full: str) -> bool:
        """Whether the client may name this container at all."""
        return (
            full == ROOT
            or full.startswith(self.namespace)
            or full == self.container
            or is_below(self.container, full)
            or is_below(full, self.container)
            # The base of the namespace: "." of the client.
            or full == self._base()
        )

    def shown(self, full: str) -> str | None:
        """The name under which the client sees a container, None outside its view."""
        if full == ROOT:
            return ROOT
        if len(full) > len(self.namespace) and full.startswith(self.namespace):
            return full[len(self.namespace) :]
        return None

    def named(self, full: str) -> str:
        """As `shown`, but containers outside have their absolute name."""
        return self.shown(full) or ABSOLUTE + full

    def matches(self, full: str, mask: str) -> bool:
        """Whether the client sees a container under a name that matches `mask`."""
        shown = self.shown(full)
        return shown is not None and bool(matcher(mask)(shown))

    def _expand(self, name: str) -> str:
        if name == ROOT:
            return ROOT
        if not name:
            return self.namespace.rstrip("/")
        if name == SELF:
            return self.container
        if name == DOT:
            return self._base()
        if name.startswith(SELF + "/"):
            return self._below_self(name[len(SELF) + 1 :])
        if name.startswith(ABSOLUTE):
            return name[len(ABSOLUTE) :]
        return self.namespace + name

    def _below_self(self, rest: str) -> str:
        return rest if self.container == ROOT else f"{self.container}/{rest}"

    def _base(self) -> str:
        return self.namespace.rpartition("/")[0] or ROOT


def _normal(name: str) -> str:
    """`name` with ``..`` resolved.

    Empty and other odd parts stay: they make the name invalid or unknown.
    """
    if ".." not in name:
        return name
    parts: list[str] = []
    for part in name.split("/"):
        if part == ".." and parts and parts[-1] not in ("", ".."):
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or ROOT
