"""The master's command line."""

import pytest

from porto.launcher.daemon import daemon_arguments, package_environment
from porto.launcher.settings import Settings, master_command, parse


def test_words_are_read_back() -> None:
    settings = Settings(
        runtime="/tmp/a b",
        log="",
        program="/x=y",
        version="1 r",
        backlog=5,
        stdlog=True,
        discard=True,
        config=["/a,b", '/"c'],
        daemon=["python", "-m", "x"],
        successor=["--config", "/ä"],
    )
    found, rest = parse(settings.words())
    assert vars(found) == vars(settings)
    assert rest == {}


def test_paths_follow_the_runtime_directory() -> None:
    settings = Settings(runtime="/r")
    assert settings.socket == "/r/portod.socket"
    assert settings.master_pid == "/r/portoloop.pid"
    assert settings.daemon_pid == "/r/portod.pid"
    assert (settings.link, settings.version_file) == ("/r/portod", "/r/portod.version")
    assert settings.daemon[-2:] == ["-m", "porto.cli.daemon"]


def test_words_of_the_moment_are_not_settings() -> None:
    settings, rest = parse(["--runtime=/r", "--handover=7", "--check=1"])
    assert rest == {"handover": "7", "check": "1"}
    assert not any("handover" in word for word in settings.words())


@pytest.mark.parametrize(
    "word",
    [
        "x",
        "--nothing",
        "--nothing=1",
        "--runtime",
        "--backlog=x",
        "--backlog=-1",
        "--stdlog=1",
        "--config=x",
        "--config={}",
        "--config=[1]",
    ],
)
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"unknown argument|Expecting value"):
        parse([word])


def test_an_unknown_setting_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="unknown setting nothing"):
        Settings(nothing=1)


def test_the_master_is_started_without_site() -> None:
    command = master_command(Settings(runtime="/r"))
    assert command[1:5] == ["-I", "-S", "-X", "utf8"]
    assert command[5].endswith("/porto/launcher/__main__.py")
    assert "--runtime=/r" in command


def test_arguments_of_the_daemon() -> None:
    settings = Settings(runtime="/r", config=["/c"], debug=True, stdlog=True, discard=True)
    first = daemon_arguments(settings, master_start=1.5, spawned=1)
    assert first == [
        *("--listen-fd", "3", "--link-fd", "4", "--master-start", "1.500", "--spawned", "1"),
        *("--config", "/c", "--stdlog", "--debug", "--discard"),
    ]
    second = daemon_arguments(settings, master_start=1.5, spawned=2)
    assert "--discard" not in second


def test_a_checkout_is_found_by_path() -> None:
    env = package_environment({"A": "1"})
    assert env["A"] == "1"
    assert env.get("PYTHONPATH", "site-packages") != ""
