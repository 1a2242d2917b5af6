"""Global options, help, exit statuses, and ends nobody wishes for."""

import os
import signal
import subprocess
import sys

import pytest

from porto.cli.portoctl.commands import COMMANDS
from porto.cli.portoctl.main import main

HEAVY = (
    *("google", "pydantic", "structlog", "watchfiles", "pyroute2", "yaml"),
    *("asyncio", "argparse", "json", "subprocess", "typing", "threading", "importlib.metadata"),
)


def test_without_arguments_all_commands_and_properties_are_shown(ctl) -> None:
    ended = ctl()
    assert ended.status == 1
    for name in COMMANDS:
        assert f"\n  {name} " in ended.out
    assert "Container properties:\n" in ended.out
    assert "\n  command " in ended.out
    # The fake answers listVolumeProperties with InvalidMethod.
    assert "Volume properties: unavailable" in ended.out


def test_help_without_a_daemon(tmp_path, capsys) -> None:
    assert main(["--socket", str(tmp_path / "none"), "--help"]) == 0
    assert "Container properties: unavailable (cannot connect" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_usage(ctl, name: str) -> None:
    assert ctl("help", name).status == 0
    for word in ("-h", "--help", "help"):
        ended = ctl(name, word)
        assert ended.status == 1
        assert ended.out.startswith(f"Usage: portoctl {name}")


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if row[3]])
def test_too_few_arguments_show_usage(ctl, name: str) -> None:
    ended = ctl(name)
    assert ended.status == 1
    assert ended.out.startswith(f"Usage: portoctl {name}")


def test_every_command_exists() -> None:
    from importlib import import_module

    for name, (module, function, *_) in COMMANDS.items():
        assert callable(getattr(import_module(f"porto.cli.portoctl.{module}"), function)), name


def test_versions(ctl) -> None:
    for words in (["-v"], ["--version"], ["version"]):
        ended = ctl(*words)
        assert ended.status == 0
        assert ended.out.splitlines()[1] == "server: 1.2.3 fake"


def test_unreachable_daemon_is_named_with_advice(tmp_path, capsys) -> None:
    path = str(tmp_path / "none.socket")
    status = main([f"--socket={path}", "list"])
    assert status == 503
    text = capsys.readouterr().err
    assert path in text
    assert "portod start" in text
    assert "PORTO_SOCKET" in text


@pytest.mark.parametrize(
    "words",
    [
        ["-t"],
        ["-t", "x", "list"],
        ["--timeout=-1", "list"],
        ["--timeout=nan", "list"],
        ["-x", "list"],
        ["--socket"],
        ["list", "-x"],
        ["wait", "-T"],
        ["nonsense"],
        [""],
        ["a/b"],
    ],
)
def test_wrong_words_are_refused_with_one(ctl, words: list[str]) -> None:
    ended = ctl(*words)
    assert ended.status == 1
    assert "Traceback" not in ended.err
    assert ended.err


def test_double_dash_and_joined_options(ctl, fake) -> None:
    fake.containers["a"] = {"state": "dead"}
    assert ctl("wait", "-T5", "a").out == "a\n"
    assert ctl("wait", "--", "a").out == "a\n"
    assert ctl("list", "-1t").out == "a\n"


def test_timeout_of_a_silent_daemon(ctl, fake) -> None:
    fake.faults.append("silent")
    ended = ctl("-t", "0.02", "list")
    assert ended.status == 504
    assert "SocketTimeout:(no answer" in ended.err


def test_external_commands_are_found_in_path(ctl, spawn, tmp_path) -> None:
    program = tmp_path / "portoctl-hello"
    program.write_text('#!/bin/sh\necho "external $1 $PORTO_SOCKET"\nexit 7\n')
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "porto.cli.portoctl", "--socket", "/x", "hello", "you"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, "external you /x\n")


def test_interrupt_leaves_no_traceback(spawn, fake) -> None:
    fake.containers["a"] = {"state": "running"}
    process = spawn("wait", "a")
    fake.await_request("wait")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err == b""


def test_closed_output_is_silent(spawn, fake) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = spawn("plist", stdout=writer)
    os.close(writer)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert err == b""


def test_everyday_commands_import_nothing_heavy(fake) -> None:
    fake.containers["a"] = {"state": "stopped"}
    code = (
        "import sys; before = set(sys.modules)\n"
        "from porto.cli.portoctl.main import main\n"
        f"assert main(['--socket', {fake.socket!r}, 'get', 'a', 'state']) == 0\n"
        f"assert main(['--socket', {fake.socket!r}, 'exec', 'b', 'command=true']) == 0\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert not [name for name in loaded if name.startswith(HEAVY)]


def test_bytes_that_are_no_text_come_out_as_they_went_in(spawn, fake) -> None:
    fake.containers["a"] = {"state": "stopped"}
    out, _ = spawn("set", "a", "private=é").communicate(timeout=10)
    assert fake.containers["a"]["private"] == "é"
    out, _ = spawn("get", "a", "private").communicate(timeout=10)
    assert out == "é\n".encode()
