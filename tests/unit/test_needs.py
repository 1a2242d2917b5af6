"""The `needs` marker: unmet needs skip with a reason, unknown ones stop the run."""

import os
from pathlib import Path

import pytest

from tests.needs import UnknownNeed, reason

pytest_plugins = ["pytester"]

CONFTEST = (Path(__file__).parents[1] / "conftest.py").read_text()


def run(pytester: pytest.Pytester, mark: str, *options: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(f"import pytest\n@pytest.mark.needs({mark})\ndef test_it(): pass\n")
    return pytester.runpytest_inprocess(
        "-rs", "-pno:cacheprovider", "-pno:hypothesispytest", *options
    )


def test_a_need_that_is_met_runs_the_test(pytester: pytest.Pytester) -> None:
    run(pytester, "'kernel>=3.18'").assert_outcomes(passed=1)


def test_an_unmet_need_skips_and_says_why(pytester: pytest.Pytester) -> None:
    result = run(pytester, "'kernel>=3.18', 'tool:no-such-tool-here'")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no-such-tool-here is not installed*"])


def test_an_unknown_need_is_an_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, "'cgorup-v1'")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unknown need 'cgorup-v1'*"])


def test_without_leaves_the_test_out(pytester: pytest.Pytester) -> None:
    result = run(pytester, "'root'", "--without", "root")
    result.assert_outcomes(deselected=1)


@pytest.mark.parametrize("need", ["", "kernel>=", "tool:", "capability:no_such", "Root"])
def test_words_outside_the_table_are_refused(need: str) -> None:
    with pytest.raises(UnknownNeed):
        reason(need)


def test_kernel_versions_compare_by_number() -> None:
    assert reason("kernel>=3.9") is None
    assert "older than 100.10" in str(reason("kernel>=100.10"))


def test_root_is_known() -> None:
    assert (reason("root") is None) == (os.geteuid() == 0)
    assert (reason("no-root") is None) == (os.geteuid() != 0)
