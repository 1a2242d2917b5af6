"""Foreign clients meet a real daemon.

The daemon is that of the kernel tier; where it cannot run, these tests are skipped with
its reason. What a foreign client needs (an old interpreter, a compiler) is prepared once
a session in a directory of the test run, or skipped with the reason.
"""

import importlib.util

import pytest

if importlib.util.find_spec("tests.kernel.conftest") is not None:
    from tests.kernel.conftest import conn, daemon, make_daemon, own_daemon, shared_daemon

    __all__ = ["conn", "daemon", "make_daemon", "own_daemon", "shared_daemon"]
else:

    @pytest.fixture
    def daemon() -> None:
        """The kernel tier is not part of this checkout."""
        pytest.skip("tests/kernel is missing, so there is no daemon to talk to")
