"""A fake daemon and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import porto
from tests.fakes.portod import FakePortod


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakePortod]:
    with FakePortod(tmp_path) as daemon:
        yield daemon


@pytest.fixture
def conn(fake: FakePortod) -> Iterator["porto.Connection"]:
    connection = porto.Connection(fake.socket, timeout=10, reconnect_interval=0.001)
    yield connection
    connection.disconnect()
