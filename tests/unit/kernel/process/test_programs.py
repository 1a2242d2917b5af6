"""Helper programs: what they get of the daemon, and how they end."""

import errno
import fcntl
import os
import select
import signal
import stat
from pathlib import Path

import pytest

from porto.kernel.process import programs, scheduling
from porto.kernel.process.programs import (
    DESCRIPTORS_MAX,
    FIRST_DESCRIPTOR,
    NICE,
    NOT_STARTED,
    Child,
    Program,
    spawn,
)
from tests.patience import LIMIT_S

SH = "/bin/sh"


def ended(child: Child) -> tuple[int, str, str]:
    """Exit code, output and errors of a program that writes little."""
    poll = select.poll()
    poll.register(child.pidfd, select.POLLIN)
    assert poll.poll(LIMIT_S * 1000), "it does not end"
    texts = []
    for pipe in (child.output, child.errors):
        try:
            texts.append(os.fsdecode(os.read(pipe, 65536)))
        except BlockingIOError:
            texts.append("")
    return child.reap(), *texts


def shell(line: str, *arguments: str) -> Program:
    return Program((SH, "-c", line, "sh", *arguments))


def test_output_errors_and_exit_code_arrive() -> None:
    assert ended(spawn(shell("echo out; echo err >&2; exit 7"), ())) == (7, "out\n", "err\n")


def test_a_signal_is_told_from_an_exit_code() -> None:
    assert ended(spawn(shell("kill -TERM $$"), ()))[0] == -signal.SIGTERM


@pytest.mark.parametrize("signo", [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGUSR1])
def test_signals_do_what_they_do_by_default(signo: signal.Signals) -> None:
    """Python ignores the first two; the third is blocked here."""
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        child = spawn(shell(f"kill -{int(signo)} $$; echo alive"), ())
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert ended(child)[:2] == (-signo, "")


def test_no_word_is_interpreted() -> None:
    words = ("a b", "$HOME", "*", "--", ";", "`id`", "", "é", "\udcff")
    program = shell('for word; do echo "<$word>"; done', *words)
    code, output, _ = ended(spawn(program, ()))
    assert code == 0
    assert output == "".join(f"<{word}>\n" for word in words)


def test_it_gets_a_limited_environment_and_the_top_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "x")
    code, output, _ = ended(spawn(shell("env; pwd"), ()))
    lines = output.splitlines()
    names = {line.partition("=")[0] for line in lines[:-1]}
    assert (code, lines[-1]) == (0, "/")
    assert {"PATH", "LC_ALL"} <= names <= {"PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"}


def test_it_has_the_passed_descriptors_and_no_other(tmp_path: Path) -> None:
    texts = ("first", "second", "third")
    for text in texts:
        (tmp_path / text).write_text(text)

    def opener(name: str) -> int:
        return os.open(tmp_path / name, os.O_RDONLY)

    leaked = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    program = Program(
        (SH, "-c", "cat <&3; cat <&4; cat <&5; echo; ls /proc/$$/fd"),
        tuple(lambda name=name: opener(name) for name in texts),  # type: ignore[misc]
    )
    try:
        code, output, _ = ended(spawn(program, ()))
        assert not os.get_inheritable(leaked)
    finally:
        os.close(leaked)
    first, *listed = output.split()
    assert (code, first) == (0, "firstsecondthird")
    # The shell opens one for itself while it is reading its line.
    assert {int(word) for word in listed} - {255, 10} == set(range(FIRST_DESCRIPTOR + 3))


def test_it_reads_nothing_and_leads_a_session_of_low_priority() -> None:
    child = spawn(shell("cat; read line; echo $?; exec sleep 600"), ())
    try:
        assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == NICE
        assert scheduling.describe_ioprio(scheduling.read_ioprio(child.pid)) == "idle"
        select.select([child.output], [], [], LIMIT_S)
        assert os.read(child.output, 100) == b"1\n"
    finally:
        child.kill()
    assert ended(child)[0] == -signal.SIGKILL


def test_it_joins_before_it_runs(tmp_path: Path) -> None:
    files = [tmp_path / "a" / "tasks", tmp_path / "b b" / "tasks"]
    for file in files:
        file.parent.mkdir()
        file.touch()
    program = shell('cat "$@"', *map(str, files))
    assert ended(spawn(program, [str(file) for file in files])) == (0, "0\n0\n", "")


def test_without_its_cgroup_it_never_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = shell(f"touch {mark}")
    assert ended(spawn(program, [f"{tmp_path}/gone/tasks"]))[0] == NOT_STARTED
    assert not mark.exists()


def test_a_program_that_is_not_there_says_so() -> None:
    code, _, errors = ended(spawn(Program(("/nonesuch",)), ()))
    assert code == 127
    assert "/nonesuch" in errors


def test_a_descriptor_that_cannot_be_opened_is_an_error_that_leaks_nothing(tmp_path: Path) -> None:
    def fine() -> int:
        return os.open(tmp_path, os.O_RDONLY)

    def bad() -> int:
        raise FileNotFoundError(errno.ENOENT, "gone", "subject")

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError, match="subject"):
        spawn(Program(("/bin/true",), (fine, bad)), ())
    assert len(os.listdir("/proc/self/fd")) == before


def test_passed_descriptors_are_put_in_place_from_above_all_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one that is put in its place would close another that has not been yet."""
    lowest: list[int] = []
    real = fcntl.fcntl

    def told(descriptor: int, command: int, least: int) -> int:
        lowest.append(least)
        return real(descriptor, command, least)

    def refused(*words: object, **options: object) -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(fcntl, "fcntl", told)

    monkeypatch.setattr(programs, "spawn_session", refused)
    openers = (lambda: os.open(tmp_path, os.O_RDONLY),) * DESCRIPTORS_MAX
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(BlockingIOError):
        spawn(Program(("/bin/true",), openers), ())
    assert lowest == [FIRST_DESCRIPTOR + DESCRIPTORS_MAX] * DESCRIPTORS_MAX
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_ended_program_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    child = spawn(Program(("/bin/true",)), ())
    assert stat.S_ISFIFO(os.fstat(child.output).st_mode)
    assert ended(child)[0] == 0
    assert len(os.listdir("/proc/self/fd")) == before
