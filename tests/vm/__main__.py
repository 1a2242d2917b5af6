"""The kernel tier under Debian's kernel, one throw-away machine for each cgroup mode.

    tests/vm/run [OPTION...] [--] [PYTEST ARGUMENT...]

    --cgroup v1|hybrid|v2   how the guest mounts cgroups (repeatable; all three)
    --reports DIR           leave MODE.xml (junit) and MODE.json (trouble, remark, seconds)
    --timeout S             seconds for one machine (1200; emulated 5400, if short 2100)
    --emulate               do not use KVM even where it works
    --short                 emulated, leave out the tests marked lengthy, the files of
                            SAME_EVERYWHERE, and for this host's own mode all but
                            OTHER_KERNELS

Without a test named, tests/contract and tests/kernel. Exit status: 0; 1 when a test
failed or a machine did; 3 when no machine can run here; 4 when one could, were it set up.
Environment: VM_CACHE keeps the guest (default .vm-cache in the checkout), PORTO_VENV names
the virtual environment (default .venv), VM_MEMORY_MB (2560).
"""

import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.vm import disks, image, machine
from tests.vm.cannot import Cannot, check_host

MODES = ("v1", "hybrid", "v2")
TESTS = ("tests/contract", "tests/kernel")
OURS = "not contract or kernel"
"""Fakes in contract tests are the same on every kernel."""
SLOWNESS = {True: 2, False: 10}
"""How much longer a test may wait in a guest, with KVM and without."""
SAME_EVERYWHERE = (
    "test_bad_input",
    "test_default_streams",
    "test_foresight",
    "test_leaks",
    "test_launcher_attacks",
    "test_launcher_execute",
    "test_launcher_executor",
    "test_launcher_mounts",
    "test_launcher_ops",
    "test_launcher_pins",
    "test_launcher_portod",
    "test_launcher_slots",
    "test_launcher_survival",
    "test_observers",
    "test_portoctl",
    "test_privilege",
    "test_readme",
    "test_reliability",
    "test_sources",
    "test_start",
    "test_survival",
)
"""Files of tests/kernel in which the way of mounting cgroups plays no part."""
OTHER_KERNELS = ("test_bpf", "test_cgroups", "test_controllers", "test_memory", "test_oom")
"""Files of tests/kernel in which versions of the kernel differ: all that is left of them for the
way in which this host mounts cgroups. Its own kernel tier has run the others."""
LIMIT_S = {True: 1200.0, False: 5400.0}
SHORT_LIMIT_S = 2100.0
TEST_LIMIT_S = 120
LAST_WORDS_S = 240
"""So long before a machine is killed, pytest is asked to clean up and to report."""
FAILED, CANNOT, COULD = 1, 3, 4


@dataclass
class Options:
    """The command line."""

    modes: list[str] = field(default_factory=list)
    reports: Path | None = None
    timeout: float | None = None
    emulate: bool = False
    short: bool = False
    pytest: list[str] = field(default_factory=list)


def parse(arguments: list[str]) -> Options:
    """Our options come first; all from the first that is not ours goes to pytest."""
    options = Options()
    rest = list(arguments)
    while rest:
        match rest:
            case ["--cgroup", str(mode), *more] if mode in MODES:
                options.modes.append(mode)
            case ["--reports", str(directory), *more]:
                options.reports = Path(directory)
            case ["--timeout", str(seconds), *more]:
                options.timeout = float(seconds)
            case ["--emulate", *more]:
                options.emulate = True
            case ["--short", *more]:
                options.short = True
            case ["-h" | "--help", *_]:
                print(__doc__)
                sys.exit(0)
            case ["--cgroup", *_]:
                sys.exit(f"tests/vm/run: --cgroup takes one of {', '.join(MODES)}")
            case ["--", *more]:
                options.pytest, more = more, []
            case _:
                options.pytest, more = rest, []
        rest = more
    options.modes = options.modes or list(MODES)
    return options


def is_ours(mode: str) -> bool:
    """Whether this host mounts cgroups that way: v2 alone, or v1."""
    return (mode == "v2") == Path("/sys/fs/cgroup/cgroup.controllers").exists()


def short(mode: str) -> list[str]:
    """Words for pytest that leave out what an emulated guest takes too long for."""
    names = {path.stem for path in (disks.ROOT / "tests/kernel").glob("test_*.py")}
    if is_ours(mode):
        # Nor those with a daemon of their own, because they end it.
        left_out, more = names - {*OTHER_KERNELS}, ["--without", "own_daemon"]
    else:
        left_out, more = names & {*SAME_EVERYWHERE}, []
    files = [f"--ignore=tests/kernel/{name}.py" for name in sorted(left_out)]
    return ["-m", "not lengthy", *more, *files]


def script(python: Path, options: Options, mode: str, *, kvm: bool, limit_s: float) -> str:
    """What the guest runs, in the checkout."""
    slowness = SLOWNESS[kvm]
    named = any((disks.ROOT / word.partition("::")[0]).exists() for word in options.pytest)
    pytest = [str(python), "-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=short"]
    pytest += [f"--timeout={TEST_LIMIT_S * slowness}"]
    pytest += ["-o", f"faulthandler_timeout={TEST_LIMIT_S * slowness * 3 // 4}"]
    pytest += ["--junitxml=/run/vm/report.xml", "--durations=20"]
    # Two processors, and two workers where it pays.
    if not named:
        pytest += ["-n", str(machine.NODES), "--dist", "loadgroup", "-k", OURS, *TESTS]
    if options.short and not kvm:
        pytest += short(mode)
    pytest += options.pytest
    last_words = int(min(LAST_WORDS_S, limit_s / 4))
    seconds = int(limit_s) - last_words
    return f"""export PORTO_TEST_SLOWNESS={slowness} PORTO_TEST_VM=1
export PYTHONPATH={shlex.quote(str(disks.ROOT))}
read -r up _ </proc/uptime
left=$(({seconds} - ${{up%.*}}))
[ $left -gt 0 ] || left=1
exec timeout --signal=INT --kill-after={last_words * 3 // 4} $left {shlex.join(pytest)}
"""


def report(
    options: Options,
    mode: str,
    ending: machine.Ending,
    answer: Mapping[str, bytes],
    remark: str = "",
) -> bool:
    """Say and keep what became of one machine; whether all was well."""
    status = answer.get("status", b"").decode().strip()
    note = ending.trouble
    if not note and status in ("124", "137"):
        note = f"pytest was interrupted after {ending.seconds:.0f} s"
    elif not note and status not in ("0", "1", "5"):
        note = f"pytest ended with status {status or 'unknown'}"
    if ending.trouble:
        print(f"vm: cgroup {mode}: {note}; its last words:")
        for line in ending.tail:
            print(f"vm:   {line}")
    print(
        f"=== vm, cgroup {mode}: status {status or '?'}, {ending.seconds:.0f} s {note}", flush=True
    )
    if options.reports is not None:
        options.reports.mkdir(parents=True, exist_ok=True)
        if "report.xml" in answer:
            (options.reports / f"{mode}.xml").write_bytes(answer["report.xml"])
        words = {"trouble": note, "remark": remark, "seconds": ending.seconds}
        (options.reports / f"{mode}.json").write_text(json.dumps(words))
    return status == "0" and not note


def run_modes(options: Options) -> bool:
    """Prepare, run each machine; whether all tests of all passed."""
    check_host()
    venv = disks.venv_directory()
    cache = Path(os.environ.get("VM_CACHE") or disks.ROOT / ".vm-cache").absolute()
    cache.mkdir(parents=True, exist_ok=True)
    with image.locked(cache):
        image.prepare(cache)
        kept = {"venv": disks.venv_disk(cache, venv), "scratch": disks.scratch_disk(cache)}
        kvm = not options.emulate and machine.kvm_works(cache)
    limit_s = options.timeout or LIMIT_S[kvm]
    remark = "KVM" if kvm else "emulated"
    if options.short and not kvm:
        limit_s = options.timeout or SHORT_LIMIT_S
        remark += (
            ", a subset: what cgroups change, lengthy tests left out; scripts/test vm runs all"
        )
    with tempfile.TemporaryDirectory(prefix="porto-vm-") as scratch:
        work = Path(scratch)
        kept["checkout"] = disks.checkout_disk(work, venv)
        good = True
        for mode in options.modes:
            print(f"=== vm, cgroup {mode} ({remark}), at most {limit_s:.0f} s", flush=True)
            exchange = work / f"{mode}.img"
            disks.write_exchange(
                exchange, script(venv / "bin/python", options, mode, kvm=kvm, limit_s=limit_s)
            )
            words = {"cgroup": mode, "checkout": str(disks.ROOT), "venv": str(venv)}
            command = machine.command_line(
                cache,
                {**kept, "exchange": exchange},
                words,
                kvm=kvm,
                memory_mb=int(os.environ.get("VM_MEMORY_MB", "2560")),
            )
            ending = machine.run(command, limit_s, lambda line: print(line, flush=True))
            good &= report(options, mode, ending, disks.read_exchange(exchange), remark)
    return good


def main() -> int:
    """The exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse(sys.argv[1:])
    try:
        return 0 if run_modes(options) else FAILED
    except Cannot as error:
        print(f"vm: {error}", flush=True)
        if options.reports is not None:
            options.reports.mkdir(parents=True, exist_ok=True)
            (options.reports / "cannot").write_text(str(error))
        return COULD if error.fixable else CANNOT


if __name__ == "__main__":
    sys.exit(main())
