"""What `portoctl status` shows of the daemon: the host's hidden property porto_status.

Built by `cli/daemon.py` from the stores, the sources and the engine; JSON text, so
that scripts can read it too. Of each kind the states of its objects are counted under
the kind's plural; a condition names its object under the kind's noun.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from porto.observers.clock import Clock
from porto.spec.catalog import Catalog
from porto.spec.records.directory import Problem


@dataclass(frozen=True, slots=True)
class Report:
    """Where the parts of a status report come from."""

    version: str
    catalog: Catalog
    clock: Clock
    started: float
    drift: Mapping[str, int]
    set_aside: Sequence[Problem]
    source_problems: Callable[[], Iterable[Any]]

    def status(self) -> str:
        """The whole daemon, as JSON."""
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
                "kinds": {kind.noun: kind.plural for kind in self.catalog.kinds},
                **self._states(),
                "problems": problems,
                "conditions": [
                    {
                        record.kind: record.name,
                        "kind": condition.kind,
                        "facet": condition.facet,
                        "message": condition.message,
                    }
                    for record in self.catalog.records()
                    for condition in record.status.conditions
                ],
                "drift": dict(self.drift),
            }
        )

    def _states(self) -> dict[str, dict[str, int]]:
        found = {}
        for store in self.catalog.stores():
            states = Counter(str(store.kind.state(record)) for record in store.records())
            found[store.kind.plural] = dict(sorted(states.items()))
        return found
