"""Run the tiers of the test suite and sum them up; the second half of `scripts/test`.

Each tier yields counts of passed, failed and skipped and a note. The last line printed
has the form that readers of test reports expect: "N passed, N failed, N skipped". Exit
status 1 when anything failed, or, under CI=true, when a tier was there and skipped
everything.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
CI = os.environ.get("CI") == "true"
TIER_LIMIT_S = 25 * 60
INTERRUPTED = 130
TYPED_TOOLS = (
    "scripts",
    "tests/bench",
    "tests/mutation",
    "tests/reliability",
    "tests/vm",
    "tests/conftest.py",
    "tests/needs.py",
    "tests/patience.py",
)
VM_MODES = ("v1", "hybrid", "v2")
VM_IN_WHOLE = ("v1", "v2")
"""Guests of a run of all tiers, which leave out lengthy tests where they are emulated."""
VM_LIMIT_S = 5 * 3600
VM_COULD_BE_SET_UP = 4
MUTATION_LIMIT_S = 8 * 3600
"""For every mutant; a sample has a limit of its own."""
RELIABILITY_LIMIT_S = 24 * 3600
"""For every point; `--minutes` is the limit of a sample."""


@dataclass
class Outcome:
    """What became of one tier."""

    tier: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    seconds: float = 0.0

    @property
    def wrong(self) -> bool:
        """Whether the whole run must fail because of this tier."""
        return self.failed > 0 or (CI and self.passed == 0 and self.skipped > 0)

    def line(self) -> str:
        """One row of the summary."""
        if self.passed + self.failed + self.skipped == 0:
            verdict = f"not run: {self.note}"
        else:
            verdict = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
            if self.passed == self.failed == 0 and CI:
                verdict += " (everything skipped: a failure under CI)"
            if self.note:
                verdict += f" ({self.note})"
        return f"{self.tier:<18} {self.seconds:6.1f} s  {verdict}"


def run(command: Sequence[str], limit_s: float = TIER_LIMIT_S) -> int:
    """The exit status of a command that prints to our output; 124 when it took too long."""
    sys.stdout.flush()
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL) as child:
        try:
            return child.wait(limit_s)
        except subprocess.TimeoutExpired:
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
            print(f"tiers: no end after {limit_s:.0f} s: {' '.join(command)}", flush=True)
            return 124


def counted(report: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a junit file."""
    passed = failed = skipped = 0
    for case in ET.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def pytest_tier(
    tier: str, python: str, paths: Sequence[str], options: Sequence[str], extra: Sequence[str]
) -> Outcome:
    """Run pytest over those of the paths that exist."""
    present = [path for path in paths if any((ROOT / path).rglob("test_*.py"))]
    if not present:
        return Outcome(tier, note="there are no such tests yet")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [python, "-m", "pytest", "-q", f"--junitxml={report}", *options]
        named = [argument for argument in extra if not argument.startswith("-")]
        inside = any((ROOT / argument.partition("::")[0]).exists() for argument in named)
        status = run([*command, *([] if inside else present), *extra])
        passed, failed, skipped = counted(report) if report.exists() else (0, 0, 0)
    outcome = Outcome(tier, passed, failed, skipped, seconds=time.monotonic() - started)
    if status not in (0, 5) and failed == 0:
        # An interpreter that died, a collection or usage error: a failure without a test.
        outcome.failed += 1
        outcome.note = f"pytest ended with status {status}"
    return outcome


def parallel(python: str) -> list[str]:
    """Options that spread tests over two workers where pytest-xdist is installed."""
    probe = [python, "-c", "import xdist"]
    found = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    return ["-n", "2", "--dist", "loadgroup"] if found else []


def lint(extra: Sequence[str]) -> list[Outcome]:
    """Style, types, import rules, generated documents."""
    tool = str(Path(sys.executable).parent)
    checks: list[tuple[str, list[str]]] = [
        ("ruff check", [f"{tool}/ruff", "check", "."]),
        ("ruff format", [f"{tool}/ruff", "format", "--check", "."]),
        ("mypy --strict", [f"{tool}/mypy", "--strict"]),
        ("mypy --strict, tools", [f"{tool}/mypy", "--strict", *TYPED_TOOLS]),
        ("import-linter", [f"{tool}/lint-imports"]),
    ]
    outcome = Outcome("lint")
    started = time.monotonic()
    for name, command in checks:
        print(f"--- {name}", flush=True)
        if run(command) == 0:
            outcome.passed += 1
        else:
            outcome.failed += 1
            outcome.note = f"{outcome.note}, {name}".removeprefix(", ")
    if outcome.note:
        outcome.note = f"failed: {outcome.note}"
    outcome.seconds = time.monotonic() - started
    return [outcome, *docs(extra)]


def docs(extra: Sequence[str]) -> list[Outcome]:
    """Generated files are what their generators would write now; links lead somewhere."""
    return [pytest_tier("docs", sys.executable, ["tests/docs"], [], extra)]


def unit(extra: Sequence[str], other: str) -> list[Outcome]:
    """Tests that need neither root nor the kernel's help, on each interpreter."""
    paths = ["tests/unit", "tests/contract", "tests/property"]
    outcomes = []
    for python in filter(None, [sys.executable, other]):
        ask = "import sys; print('%d.%d' % sys.version_info[:2])"
        version = subprocess.check_output([python, "-c", ask], text=True).strip()
        print(f"--- unit, Python {version}: {python}", flush=True)
        options = [*parallel(python), "--without", "root"]
        outcomes.append(pytest_tier(f"unit {version}", python, paths, options, extra))
    if not other and sys.version_info[:2] != (3, 13):
        outcomes.append(Outcome("unit 3.13", note="no Python 3.13 found on this machine"))
    return outcomes


def as_root(tier: str, paths: list[str], extra: Sequence[str]) -> list[Outcome]:
    """A tier of pytest files that need root."""
    if os.geteuid() != 0:
        return [Outcome(tier, note="needs root")]
    return [pytest_tier(tier, sys.executable, paths, parallel(sys.executable), extra)]


def kernel(extra: Sequence[str]) -> list[Outcome]:
    """The real kernel: contract tests of both sides and the daemon's life."""
    return as_root("kernel", ["tests/contract", "tests/kernel"], extra)


def conformance(extra: Sequence[str]) -> list[Outcome]:
    """Foreign clients and hand-written frames."""
    return as_root("conformance", ["tests/conformance"], extra)


def program(tier: str, command: list[str], limit_s: float = TIER_LIMIT_S) -> list[Outcome]:
    """A tier that is a program of its own: it passes when it exits with 0."""
    started = time.monotonic()
    ended_well = run(command, limit_s) == 0
    seconds = time.monotonic() - started
    return [Outcome(tier, int(ended_well), int(not ended_well), seconds=seconds)]


def vm(extra: Sequence[str], modes: Sequence[str] = ()) -> list[Outcome]:
    """The kernel tier under Debian's kernel: cgroup v1, hybrid and v2, or those of `modes`."""
    excuse = os.environ.get("PORTO_TEST_NO_VM")
    if excuse:
        return [Outcome("vm", note=excuse)]
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(TESTS / "vm" / "run"), "--reports", scratch]
        command += [word for mode in modes for word in ("--cgroup", mode)]
        status = run([*command, *extra], VM_LIMIT_S)
        return vm_outcomes(Path(scratch), status)


def vm_outcomes(reports: Path, status: int) -> list[Outcome]:
    """What tests/vm/run left: for each mode a junit file and a note."""
    cannot = reports / "cannot"
    if cannot.exists():
        # No failure where this machine lacks what a guest needs; but one that only has to
        # be set up is meant to be, by continuous integration.
        failed = int(CI and status == VM_COULD_BE_SET_UP)
        return [Outcome("vm", failed=failed, note=cannot.read_text())]
    outcomes = []
    for mode in VM_MODES:
        note, report = reports / f"{mode}.json", reports / f"{mode}.xml"
        if not note.exists():
            continue
        said = json.loads(note.read_text())
        passed, failed, skipped = counted(report) if report.exists() else (0, 0, 0)
        if said["trouble"] and failed == 0:
            failed = 1
        words = said["trouble"] or said["remark"]
        outcomes.append(Outcome(f"vm {mode}", passed, failed, skipped, words, said["seconds"]))
    if status != 0 and not any(outcome.failed for outcome in outcomes):
        outcomes.append(Outcome("vm", failed=1, note=f"tests/vm/run ended with status {status}"))
    return outcomes


def bench(extra: Sequence[str]) -> list[Outcome]:
    """The benchmark; it measures, so it passes when it could."""
    if os.geteuid() != 0:
        return [Outcome("bench", note="needs root")]
    return program("bench", [sys.executable, "-m", "tests.bench", *extra])


def mutation(extra: Sequence[str]) -> list[Outcome]:
    """Whether the tests of the pure rooms notice small changes; by default of a sample."""
    return program("mutation", [sys.executable, "-m", "tests.mutation", *extra], MUTATION_LIMIT_S)


def reliability(extra: Sequence[str]) -> list[Outcome]:
    """Kills and failing calls at the points of whole lives; by default at a sample of them."""
    if os.geteuid() != 0:
        return [Outcome("reliability", note="needs root")]
    command = [sys.executable, "-m", "tests.reliability", *extra]
    return program("reliability", command, RELIABILITY_LIMIT_S)


def bare(extra: Sequence[str]) -> list[Outcome]:
    """The README's two commands on a bare Debian 12."""
    if os.geteuid() != 0:
        return [Outcome("bare", note="needs root")]
    return program("bare", [str(TESTS / "bare" / "run"), *extra])


def main() -> int:
    """Parse, run, sum up."""
    parser = argparse.ArgumentParser(prog="scripts/test")
    parser.add_argument("--other", default="", help="a second interpreter for the unit tier")
    parser.add_argument("tier")
    parser.add_argument("extra", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    extra = options.extra
    single: dict[str, Callable[[], list[Outcome]]] = {
        "lint": lambda: lint(extra),
        "docs": lambda: docs(extra),
        "unit": lambda: unit(extra, options.other),
        "kernel": lambda: kernel(extra),
        "conformance": lambda: conformance(extra),
        "vm": lambda: vm(extra),
        "bench": lambda: bench(extra),
        "mutation": lambda: mutation(extra),
        "reliability": lambda: reliability(extra),
        "bare": lambda: bare(extra),
    }
    whole = {name: single[name] for name in ("lint", "unit", "kernel", "conformance")}
    whole["vm"] = lambda: vm(["--short", *extra], VM_IN_WHOLE)
    chosen = whole if options.tier == "all" else {options.tier: single[options.tier]}

    outcomes: list[Outcome] = []
    for name, tier in chosen.items():
        print(f"=== {name}", flush=True)
        outcomes += tier()

    print("\n=== summary")
    for outcome in outcomes:
        print(outcome.line())
    if options.tier == "all":
        print("vm hybrid, bench, mutation, reliability, bare: only when named")
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    skipped = sum(outcome.skipped for outcome in outcomes)
    wrong = [outcome.tier for outcome in outcomes if outcome.wrong]
    if options.tier != "all" and passed + failed == 0:
        wrong.append(options.tier)
    if wrong:
        print(f"failed tiers: {', '.join(wrong)}")
    # A tier that was wrong without a failed test is one failure in the last line.
    failed = failed or len(wrong)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
