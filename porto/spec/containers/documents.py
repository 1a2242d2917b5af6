"""Containers in documents: what their declarations mean beside single properties."""

import shlex

from porto.spec.containers.assign import with_property
from porto.spec.containers.kind import CONTAINER
from porto.spec.containers.names import ROOT, parent_name
from porto.spec.containers.record import ContainerRecord
from porto.spec.containers.spec import find_property
from porto.spec.containers.status import State
from porto.spec.records.record import Run
from porto.spec.sources.ct_file import ABSOLUTE_PREFIX
from porto.spec.sources.dialect import Dialect, Fault, Values


def _parent(name: str) -> str:
    parent = parent_name(name)
    return "" if parent == ROOT else parent


def _settle(values: Values, lines: dict[str, int], fault: Fault) -> None:
    """command_argv decides command; a file may say both if they agree."""
    command, argv = find_property("command"), find_property("command_argv")
    if argv not in values:
        return
    quoted = shlex.join(values[argv])
    if not values[argv]:
        values.setdefault(command, "")
    elif values.setdefault(command, quoted) != quoted:
        fault(lines[command.name], command.name, "says something else than command_argv")
    lines.setdefault(command.name, lines[argv.name])


def _mark(record: ContainerRecord, start: bool, changed: bool, relaunch: bool) -> str:
    """The launch number, as `containers/restarts.py` reads it."""
    intent, life = record.intent, record.status.life
    if intent.run is Run.STOPPED:
        never_started = intent.launch == 0 and life.state is State.STOPPED
        wanted = start and (changed or never_started)
    else:
        wanted = relaunch and (life.state is not State.DEAD or start)
    return str(intent.launch) if wanted else ""


DIALECT = Dialect(
    kind=CONTAINER,
    # A container of a file cannot die with a client.
    unsettable=frozenset({"weak"}),
    prefix=ABSOLUTE_PREFIX,
    nests=True,
    parent=_parent,
    assign=with_property,
    pairs={"command": "command_argv"},
    settle=_settle,
    mark=_mark,
)
