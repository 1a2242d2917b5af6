"""The host of the tests in this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.observers.hosts import Host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.fake.close()
