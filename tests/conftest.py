"""For all tiers: the marker `needs` and the option `--without`.

A test says what it needs of the machine (`tests/needs.py` has the words); where that is
missing it is skipped with the reason. ``--without root`` leaves out the tests that need
root altogether: the unit tier does so, they belong to the kernel tier.
"""

from collections.abc import Iterator

import pytest
import structlog

from tests.needs import UnknownNeed, reason
from tests.patience import SLOWNESS, patient


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without",
        action="append",
        default=[],
        metavar="NEED|FIXTURE",
        help="leave out the tests marked needs(NEED), and those with that fixture",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Without this, the first traceback that is logged costs half a second of imports.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    config.addinivalue_line("markers", "lengthy: takes minutes where the machine is emulated")
    config.addinivalue_line(
        "markers", "needs(need, ...): skip unless the machine has all of it; see tests/needs.py"
    )


def _needs(item: pytest.Item) -> Iterator[str]:
    for mark in item.iter_markers("needs"):
        yield from mark.args


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check every word, leave out what --without names, skip what is not met."""
    without = set(config.getoption("--without"))
    kept, left_out = [], []
    for item in items:
        needs = list(_needs(item))
        try:
            reasons = [found for found in map(reason, needs) if found]
        except UnknownNeed as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from error
        if without.intersection([*needs, *getattr(item, "fixturenames", ())]):
            left_out.append(item)
            continue
        if reasons:
            item.add_marker(pytest.mark.skip(reason="; ".join(reasons)))
        limit = item.get_closest_marker("timeout")
        if limit is not None and SLOWNESS != 1:
            item.add_marker(pytest.mark.timeout(patient(limit.args[0])), append=False)
        kept.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
