"""Environment of the main process.

Launch-time facet's data, used by `task.py`; manual section "Context", env. Own
settings win over defaults, and with isolate=false those of the ancestors follow,
up to and including the first isolated one. Nothing comes from the daemon.
"""

import platform

from porto.reconcilers.containers.target import Target
from porto.spec.containers import effective

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(target: Target, *, cwd: str, user: str) -> tuple[tuple[str, str], ...]:
    """The variables, sorted by name."""
    locked = {
        "PORTO_NAME": target.name,
        "PORTO_HOST": platform.node(),
        "PORTO_USER": effective.owner_names(target.record.spec)[0],
    }
    found: dict[str, str | None] = dict(locked)
    for record in (target.record, *target.lineage):
        for name, value in record.spec.process.env:
            if name not in found:
                found[name] = value
        if record.spec.process.isolate:
            break
    for name, value in (
        ("PATH", DEFAULT_PATH),
        ("HOME", cwd),
        ("USER", user),
        ("container", "lxc"),
    ):
        found.setdefault(name, value)
    return tuple(sorted((name, value) for name, value in found.items() if value is not None))
