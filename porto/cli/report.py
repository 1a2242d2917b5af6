"""What `portoctl status` shows of the daemon: the host's hidden property porto_status.

Built by `cli/daemon.py` from the store, the sources and the engine; JSON text, so
that scripts can read it too.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from porto.observers.clock import Clock
from porto.spec.containers.store import ContainerStore
from porto.spec.records.directory import Problem


@dataclass(frozen=True, slots=True)
class Report:
    """Where the parts of a status report come from."""

    version: str
    store: ContainerStore
    clock: Clock
    started: float
    drift: Mapping[str, int]
    set_aside: Sequence[Problem]
    source_problems: Callable[[], Iterable[Any]]

    def status(self) -> str:
        """The whole daemon, as JSON."""
        states: Counter[str] = Counter()
        conditions = []
        for record in self.store.records():
            states[str(record.status.life.state)] += 1
            conditions += [
                {
                    "container": record.name,
                    "kind": condition.kind,
                    "facet": condition.facet,
                    "message": condition.message,
                }
                for condition in record.status.conditions
            ]
        problems = [
            {"file": p.path, "line": 0, "property": "", "reason": p.reason} for p in self.set_aside
        ]
        problems += [
            {"file": d.path, "line": d.line, "property": d.property, "reason": d.reason}
            for d in self.source_problems()
        ]
        return json.dumps(
            {
                "version": self.version,
                "uptime": int(self.clock.mono() - self.started),
                "containers": dict(sorted(states.items())),
                "problems": problems,
                "conditions": conditions,
                "drift": dict(self.drift),
            }
        )
