"""The carrier: the only caller of effects.

`run` carries a decision out, change by change, and gives the result of the pass. A change
that the kernel may take long for becomes a job, whose end brings the key back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from porto.reconcilers.engine.change import Change
from porto.reconcilers.engine.decision import Decision, Failure
from porto.reconcilers.engine.jobs_values import Job, Phase
from porto.reconcilers.engine.result import Again, Done, Result, Retry
from porto.reconcilers.ports import Ports
from porto.spec.errors import PortoError, by_errno
from porto.spec.key import Key

SLOW_S = 60.0
"""Seconds for which a slow change waits for its turn, and again for which the kernel may take,
before that is an error. It cannot be broken off: until the kernel has made it, it is not begun
a second time."""

Told = Callable[[Key, Change], None]
"""Called after each change that was made."""


def carry(change: Change, ports: Ports) -> None:
    """Make one change; raises PortoError or OSError."""
    change.effect.carry(ports)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries the decisions of one daemon; `told` hears of each change that was made.

    owner -- whose object it is: owners take turns with their slow changes
    """

    ports: Ports
    told: Told
    owner: Callable[[Key], str]
    _begun: dict[Key, dict[str, Change]] = field(default_factory=dict)

    def run(self, key: Key, subject: str, decision: Decision) -> Result:
        """Carry a decision about the object of that name, and what follows its failures."""
        self._let_go(key, decision)
        return self._run(key, subject, decision)

    def _run(self, key: Key, subject: str, decision: Decision) -> Result:
        failures, pending = self._carry(key, subject, decision)
        if failures:
            if decision.failed is None:
                return Retry(failures[0].error)
            return self._run(key, subject, decision.failed(failures))
        if pending:
            # Its end brings the key back.
            return (
                Again() if decision.pending is None else self._run(key, subject, decision.pending)
            )
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
                if not self._make(key, change):
                    pending = True
                    broken.add(change.facet)
                    continue
            except (PortoError, OSError) as error:
                failures.append(
                    Failure(change.facet, _public(error, change, subject), change.subject)
                )
                broken.add(change.facet)
                continue
            self.told(key, change)
        return failures, pending

    def _make(self, key: Key, change: Change) -> bool:
        """Whether it has been made; a slow one is begun."""
        if not change.is_slow:
            carry(change, self.ports)
            return True
        job = Job(
            id=_job_id(key, change),
            key=key,
            owner=self.owner(key),
            work=lambda: carry(change, self.ports),
            timeout=SLOW_S,
            patience=SLOW_S,
        )
        self._begun.setdefault(key, {})[job.id] = change
        return self.ports.jobs.ensure(job)

    def _let_go(self, key: Key, decision: Decision) -> None:
        """Results of slow changes that are not wanted any more: mostly they have been made.

        Kept, one would be taken for that of the same change, wanted at another time.
        """
        begun = self._begun.get(key)
        if begun is None:
            return
        jobs = self.ports.jobs
        for job_id in begun.keys() - {_job_id(key, change) for change in decision.changes}:
            state = jobs.state(job_id)
            if state is not None and not state.has_ended:
                continue
            jobs.forget(job_id)
            change = begun.pop(job_id)
            if state is not None and state.phase is Phase.DONE:
                self.told(key, change)
        if not begun:
            del self._begun[key]


def _job_id(key: Key, change: Change) -> str:
    return f"set {key} {change.facet} {change.subject} {change.want}"


def _public(error: PortoError | OSError, change: Change, subject: str) -> PortoError:
    if isinstance(error, PortoError):
        return error
    if not change.act:
        return by_errno(error, f"cannot set {change.subject} of {subject} to {change.want}")
    where = f" ({error.filename})" if error.filename else ""
    return by_errno(error, f"cannot {change.act}{where}")
