"""The command line of portod: options, refusals, and what the master is told."""

import pytest

from porto.cli import portod
from porto.cli.portod import UsageError, main, parse, refusal, settings_of
from porto.launcher.settings import parse as parse_settings
from porto.spec.config import Config, ContainerConfig, DaemonConfig, PathsConfig


def test_options_come_before_the_command() -> None:
    found = parse(
        [
            "--config",
            "/a",
            "--config=/b",
            "--verbose",
            "--stdlog",
            "--timeout",
            "7",
            "set",
            "k",
            "v",
        ]
    )
    assert found.config == ["/a", "/b"]
    assert found.flags == {"verbose", "stdlog"}
    assert found.timeout_s == 7.0
    assert (found.command, found.arguments) == ("set", ["k", "v"])


def test_without_a_command_it_is_the_daemon() -> None:
    assert parse([]).command == "daemon"
    assert parse(["--debug"]).command == "daemon"


def test_a_relative_configuration_is_found_after_a_change_of_directory() -> None:
    assert parse(["--config", "x.conf", "status"]).config[0].startswith("/")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--nothing"], "Unknown option: --nothing"),
        (["-x", "start"], "Unknown option: -x"),
        (["--verbose=1"], "Unknown option: --verbose"),
        (["--config"], "--config needs a value"),
        (["--timeout", "soon"], "--timeout is no number of seconds: 'soon'"),
        (["--timeout=0"], "--timeout is no number of seconds: '0'"),
    ],
)
def test_other_options_are_refused(words: list[str], text: str) -> None:
    with pytest.raises(UsageError, match=f"^{text}$"):
        parse(words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--nothing"], "Unknown option: --nothing"),
        (["fly"], "Unknown command: fly"),
        (["start", "now"], "Wrong number of arguments of start"),
        (["set", "verbose"], "Wrong number of arguments of set"),
        (["clearstat", "a", "b"], "Wrong number of arguments of clearstat"),
    ],
)
def test_a_mistake_is_told_with_the_usage(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{text}\n\nUsage: portod")


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["help"], ["--debug", "-h", "start"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out == portod.USAGE


@pytest.mark.parametrize("word", ["-v", "--version"])
def test_version_needs_no_daemon(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out == f"portod {portod.version_text()}\n"


def test_every_command_of_the_usage_is_known() -> None:
    lines = portod.USAGE.split("Commands:\n")[1].splitlines()
    named = {
        word.strip(",")
        for line in lines
        for word in line[2:22].split()
        if word.strip(",").islower()
    }
    assert named <= set(portod._ARGUMENTS)
    assert set(portod._ARGUMENTS) - named == {"launcher-command", "versions"}


def test_a_bad_configuration_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", "/no/such/file", "status"]) == 1
    assert "/no/such/file" in capsys.readouterr().err


FINE = {"release": "6.1.0-18-amd64", "uid": 0, "init_environment": b"", "allow_container": False}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, None),
        ({"release": "5.11.0"}, None),
        ({"release": "10.0"}, None),
        ({"release": "weird"}, None),
        ({"release": "5.10.9-x"}, "Linux 5.10.9-x is too old: portod needs 5.11"),
        ({"release": "2.6.32"}, "Linux 2.6.32 is too old: portod needs 5.11"),
        ({"uid": 1000}, "portod must be started by root"),
        (
            {"init_environment": b"A=b\0container=lxc\0"},
            "portod cannot run in a container (see --allow-container)",
        ),
        ({"init_environment": b"container=lxc", "allow_container": True}, None),
        ({"init_environment": b"xcontainer=lxc\0A=container=1"}, None),
    ],
)
def test_where_it_must_not_run(given: dict[str, object], reason: str | None) -> None:
    assert refusal(**{**FINE, **given}) == reason  # type: ignore[arg-type]


def test_a_refusal_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(portod, "_refused_here", lambda options: "because")
    for command in ("daemon", "start", "restart", "upgrade"):
        assert main([command]) == 1
        assert capsys.readouterr().err == "cannot start portod: because\n"


def test_what_the_master_is_told() -> None:
    config = Config(
        paths=PathsConfig(runtime="/r", log="/l"),
        daemon=DaemonConfig(max_clients=7, portod_stop_timeout=11),
        container=ContainerConfig(respawn_delay_ms=5),
    )
    options = parse(["--config", "/c", "--debug", "--discard", "--norespawn", "start"])
    settings = settings_of(options, config)
    assert (settings.runtime, settings.socket, settings.log) == ("/r", "/r/portod.socket", "/l")
    assert (settings.master_pid, settings.daemon_pid) == ("/r/portoloop.pid", "/r/portod.pid")
    assert (settings.backlog, settings.respawn_delay_ms, settings.stop_timeout_s) == (7, 5, 11)
    assert (settings.debug, settings.verbose, settings.discard) == (True, False, True)
    assert settings.config == ["/c"]
    # The next program asks anew, and does not discard again.
    assert settings.successor == [
        *("--debug", "--norespawn", "--config", "/c", "launcher-command"),
    ]
    assert parse(settings.successor).command == "launcher-command"
    assert vars(parse_settings(settings.words())[0]) == vars(settings)
