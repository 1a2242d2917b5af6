"""The carrier: the only caller of effects.

`run` carries a decision out, change by change, and gives the result of the pass. A change
that the kernel may take long for becomes a job, whose end brings the key back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.result import Again, Done, Result, Retry
from porto.reconcilers.ports import Ports
from porto.spec.errors import PortoError, by_errno
from porto.spec.key import Key

Told = Callable[[Key, Change], None]
"""Called after each change that was made."""


def carry(change: Change, ports: Ports) -> None:
    """Make one change; raises PortoError or OSError."""
    change.effect.carry(ports)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries the decisions of one daemon; `told` hears of each change that was made."""

    ports: Ports
    told: Told

    def run(self, key: Key, subject: str, decision: Decision) -> Result:
        """Carry a decision about the object of that name, and what follows its failures."""
        failures, pending = self._carry(key, subject, decision)
        if failures:
            if decision.failed is None:
                return Retry(failures[0].error)
            return self.run(key, subject, decision.failed(failures))
        if pending:
            return Again()
        failures, _ = self._carry(key, subject, Decision(decision.closing))
        if failures:
            return Retry(failures[0].error)
        return decision.result or Done()

    def _carry(self, key: Key, subject: str, decision: Decision) -> tuple[Sequence[Failure], bool]:
        """What failed; whether something is still being made."""
        failures = list(decision.refused)
        broken = {failure.facet for failure in failures}
        pending = False
        for change in decision.changes:
            if change.facet in broken or (failures and not decision.by_facet):
                continue
            try:
                if change.is_slow and not self.ports.slow.run(key, change):
                    pending = True
                    broken.add(change.facet)
                    continue
                if not change.is_slow:
                    carry(change, self.ports)
            except (PortoError, OSError) as error:
                failures.append(
                    Failure(change.facet, _public(error, change, subject), change.subject)
                )
                broken.add(change.facet)
                continue
            self.told(key, change)
        return failures, pending


def _public(error: PortoError | OSError, change: Change, subject: str) -> PortoError:
    if isinstance(error, PortoError):
        return error
    return by_errno(error, f"cannot set {change.subject} of {subject} to {change.want}")
