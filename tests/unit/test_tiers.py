"""The summary of the tiers: what counts as a failure of the whole run."""

import json
import sys
from pathlib import Path

import pytest

from scripts import tiers
from scripts.tiers import Outcome

REPORT = """<testsuites><testsuite>
<testcase name="a"/>
<testcase name="b"><failure message="x"/></testcase>
<testcase name="c"><error message="x"/></testcase>
<testcase name="d"><skipped message="needs root"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert tiers.counted(report) == (1, 2, 1)


@pytest.mark.parametrize(
    ("outcome", "ci", "wrong"),
    [
        (Outcome("t", passed=1), True, False),
        (Outcome("t", passed=1, failed=1), False, True),
        (Outcome("t", skipped=3), True, True),
        (Outcome("t", skipped=3), False, False),
        (Outcome("t", note="no KVM here"), True, False),
    ],
)
def test_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, ci: bool, wrong: bool
) -> None:
    monkeypatch.setattr(tiers, "CI", ci)
    assert outcome.wrong is wrong


def test_a_tier_that_did_not_run_says_why() -> None:
    assert "not run: no KVM here" in Outcome("vm", note="no KVM here").line()


def test_a_command_that_hangs_is_ended(capfd: pytest.CaptureFixture[str]) -> None:
    assert tiers.run(["sleep", "100"], limit_s=0.05) == 124
    assert "no end after" in capfd.readouterr().out


def test_a_failing_collection_is_a_failure_without_a_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    broken = tmp_path / "test_broken.py"
    broken.write_text("import no_such_module_here\n")
    options = ["-pno:cacheprovider", "-c", "/dev/null"]
    outcome = tiers.pytest_tier("t", sys.executable, [str(tmp_path)], options, [])
    assert outcome.failed == 1


def test_guests_are_counted_one_by_one(tmp_path: Path) -> None:
    good = {"trouble": "", "remark": "KVM", "seconds": 12.5}
    (tmp_path / "v1.json").write_text(json.dumps(good))
    (tmp_path / "v1.xml").write_text(REPORT)
    wedged = {"trouble": "no end, killed", "remark": "KVM", "seconds": 9.0}
    (tmp_path / "v2.json").write_text(json.dumps(wedged))
    v1, v2 = tiers.vm_outcomes(tmp_path, 1)
    assert v1 == Outcome("vm v1", 1, 2, 1, "KVM", 12.5)
    assert v2 == Outcome("vm v2", 0, 1, 0, "no end, killed", 9.0)


@pytest.mark.parametrize(
    ("ci", "status", "failed"), [(True, 4, 1), (True, 3, 0), (False, 4, 0), (False, 3, 0)]
)
def test_a_machine_without_guests_fails_only_where_it_could_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: bool, status: int, failed: int
) -> None:
    monkeypatch.setattr(tiers, "CI", ci)
    (tmp_path / "cannot").write_text("no qemu")
    assert tiers.vm_outcomes(tmp_path, status) == [Outcome("vm", failed=failed, note="no qemu")]


def test_a_runner_that_dies_is_a_failure(tmp_path: Path) -> None:
    (outcome,) = tiers.vm_outcomes(tmp_path, 124)
    assert outcome.failed == 1
