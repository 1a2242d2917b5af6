"""Run the benchmark: `python -m tests.bench [--quick] [--only GROUP] [--json FILE]`.

Prints one row a figure: its budget, ok or over, and its ratio to a floor measured in the
same run. Exit status 0 when everything could be measured, whatever the figures say; with
--strict also 1 when one is over its budget.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.bench import floors as measured
from tests.bench.figures import HEADER, Report
from tests.bench.floors import Floors
from tests.bench.plan import QUICK, WHOLE, Bench, Size
from tests.bench.rows import fairness, lifecycle, requests, resources, running, stopped

GROUPS: dict[str, Callable[[Bench], None]] = {
    "lifecycle": lifecycle.run,
    "requests": requests.run,
    "stopped": stopped.run,
    "running": running.run,
    "resources": resources.run,
    "fairness": fairness.run,
}


class TooLong(Exception):
    """A group did not end within its limit."""


def give_up(number: int, frame: object) -> None:
    """SIGALRM: end the group that hangs; its `with` blocks clean up."""
    raise TooLong("no end within the group's limit")


def measure_floors(size: Size, scratch: Path) -> Floors:
    """The floors that several groups share."""
    found = Floors(
        isolated_us=measured.isolated(scratch, size.cycles),
        spawn_us=measured.spawn(size.cycles),
        python_ms=measured.bare_python(size.commands),
    )
    isolated = f"{found.isolated_us:.0f} us" if found.isolated_us else "no C compiler"
    print(
        f"floors: clone3 with namespaces, exec, wait {isolated}; posix_spawn "
        f"{found.spawn_us:.0f} us; python {found.python_ms:.1f} ms"
    )
    return found


def machine() -> dict[str, object]:
    """Where this was measured."""
    return {
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
    }


def run_group(name: str, bench: Bench) -> None:
    """One group within its time; a failure is reported and the next group runs."""
    signal.alarm(bench.size.group_limit_s)
    try:
        GROUPS[name](bench)
    except Exception as error:
        steps = traceback.extract_tb(error.__traceback__)
        asked = next((s for s in reversed(steps) if "/rows/" in s.filename), steps[-1])
        where = f"{Path(asked.filename).name}:{asked.lineno}: {asked.line}"
        bench.report.lack(name, f"{type(error).__name__}: {error} ({where})")
    finally:
        signal.alarm(0)


def main() -> int:
    """Parse, measure, write."""
    parser = argparse.ArgumentParser(prog="scripts/test bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller counts, about a minute")
    parser.add_argument("--only", action="append", choices=sorted(GROUPS), default=[])
    parser.add_argument("--json", metavar="FILE", help="write the figures there, - for stdout")
    parser.add_argument("--strict", action="store_true", help="fail when a figure is over")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("needs root: it starts a daemon of its own")
    signal.signal(signal.SIGALRM, give_up)
    # An ordinary end of the benchmark's own, so that the daemon it started ends too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))

    size = QUICK if options.quick else WHOLE
    where = machine()
    print(
        f"kernel {where['kernel']}, {where['cpus']} cpus, Python {where['python']}, "
        f"load {where['load']:.2f}"
    )
    report = Report()
    with tempfile.TemporaryDirectory(prefix="portobench-") as scratch:
        bench = Bench(size, measure_floors(size, Path(scratch)), report, Path(scratch))
        print(HEADER)
        for name in GROUPS:
            if not options.only or name in options.only:
                run_group(name, bench)
    over = [row.name for row in report.rows if row.verdict in ("OVER", "UNDER")]
    print(
        f"{len(report.rows)} figures, {len(over)} outside their budgets"
        f"{': ' if over else ''}{'; '.join(over)}"
    )
    text = report.as_json(where)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    return 1 if report.missing or (options.strict and over) else 0


if __name__ == "__main__":
    sys.exit(main())
