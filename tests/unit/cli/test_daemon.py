"""The daemon's composition root, as far as it needs no kernel."""

import asyncio
from pathlib import Path

import pytest
import structlog

from porto.api.config import LoadedConfig
from porto.api.counters import DaemonCounters
from porto.cli.daemon import Daemon, _arguments
from porto.spec.config import Config, PathsConfig


def test_an_error_that_ends_the_daemon_is_logged_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(daemon: Daemon, counters: DaemonCounters) -> None:
        raise RuntimeError("nothing goes")

    monkeypatch.setattr(Daemon, "_serve", broken)
    config = Config(paths=PathsConfig(runtime=str(tmp_path)))
    arguments = _arguments(["--listen-fd", "3", "--link-fd", "4"])
    log = tmp_path / "log"
    try:
        with log.open("wb", buffering=0) as file:
            monkeypatch.setattr("porto.cli.log.STDERR", file.fileno())
            with pytest.raises(SystemExit) as ended:
                asyncio.run(Daemon(LoadedConfig(config, (), (), ()), arguments).run())
    finally:
        structlog.reset_defaults()
    assert ended.value.code == 1
    assert "RuntimeError: nothing goes" in log.read_text()
    counted = DaemonCounters(tmp_path / "portod.stat").snapshot()
    assert (counted["fatals"], counted["log_open"]) == (1, 1)
