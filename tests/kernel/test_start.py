"""portod start when the daemon cannot come up: said at once, with the reason, nothing left."""

from typing import Any

import pytest

pytestmark = pytest.mark.needs("root", "cgroup")


def test_a_daemon_that_cannot_start_is_reported(make_daemon: Any) -> None:
    daemon = make_daemon(start=False)
    daemon.place.write_text("not a directory")
    done = daemon.portod("start", check=False)
    assert done.returncode == 1
    assert "portod does not start: the daemon ended 3 times" in done.stderr
    assert f"cannot prepare {daemon.place}/porto: Not a directory" in done.stderr
    assert str(daemon.log) in done.stderr
    assert "Traceback" not in done.stderr
    assert daemon.portod("status", check=False).stdout.strip() == "stopped"
    daemon.place.unlink()
    daemon.start()
    daemon.connection().Version()
