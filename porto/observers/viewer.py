"""Who looks: the point of view from which a property is read.

Built by `api/auth.py` for each client; some values (root_pid) depend on it.
"""

from dataclasses import dataclass

from porto.spec.containers.names import ROOT


@dataclass(frozen=True, slots=True)
class Viewer:
    """A reader of properties.

    pid       -- the client's pid in this daemon's pid namespace, 0 for whoever lives in the
                 same one, as the daemon itself does
    container -- full name of the container the client runs in, `ROOT` for the host
    """

    pid: int = 0
    container: str = ROOT


DAEMON = Viewer()
