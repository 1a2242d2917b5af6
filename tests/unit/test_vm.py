"""The host's half of the guests: disks, console, arguments, excuses."""

import io
import json
import shutil
import struct
import sys
import tarfile
from pathlib import Path

import pytest

from tests.vm import __main__ as runner
from tests.vm import cannot, disks, image, machine
from tests.vm.cannot import Cannot

KERNEL = Path(__file__).parents[1] / "kernel"


def test_options_end_where_those_of_pytest_begin() -> None:
    options = runner.parse(["--cgroup", "v2", "--timeout", "9", "-k", "x", "--cgroup"])
    assert (options.modes, options.timeout) == (["v2"], 9.0)
    assert options.pytest == ["-k", "x", "--cgroup"]
    assert runner.parse(["--cgroup", "v1", "--", "tests/kernel"]).pytest == ["tests/kernel"]
    assert runner.parse([]).modes == ["v1", "hybrid", "v2"]


@pytest.mark.parametrize("words", [["--cgroup"], ["--cgroup", "v3"]])
def test_a_mode_that_is_none_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="one of v1, hybrid, v2"):
        runner.parse(words)


def test_named_tests_replace_all_tests() -> None:
    python = Path("/venv/bin/python")
    one = runner.Options(pytest=["tests/kernel/test_cgroups.py::test_x"])
    some = runner.Options(pytest=["-k", "x y"])
    text = runner.script(python, one, "v1", kvm=True, limit_s=900)
    assert text.endswith("tests/kernel/test_cgroups.py::test_x\n")
    assert "tests/contract" not in text
    text = runner.script(python, some, "v1", kvm=False, limit_s=900)
    assert "tests/contract tests/kernel -k 'x y'" in text


def test_only_an_emulated_machine_is_spared() -> None:
    short = runner.Options(short=True)
    python = Path("/venv/bin/python")
    assert "not lengthy" in runner.script(python, short, "v1", kvm=False, limit_s=900)
    assert "not lengthy" not in runner.script(python, short, "v1", kvm=True, limit_s=900)


def test_less_is_left_of_the_host_s_own_mode() -> None:
    ours, other = sorted(("v1", "v2"), key=runner.is_ours, reverse=True)
    assert (runner.is_ours(ours), runner.is_ours(other)) == (True, False)
    assert set(runner.short(other)) < {*runner.short(ours), "own_daemon"}
    assert "own_daemon" in runner.short(ours)
    for mode in (ours, other):
        kept = {f"--ignore=tests/kernel/{name}.py" for name in runner.OTHER_KERNELS}
        assert not kept & set(runner.short(mode))


def test_files_that_are_named_are_there() -> None:
    for name in (*runner.SAME_EVERYWHERE, *runner.OTHER_KERNELS):
        assert (KERNEL / f"{name}.py").exists(), name


def test_the_exchange_carries_a_script_out_and_files_back(tmp_path: Path) -> None:
    image = tmp_path / "exchange"
    disks.write_exchange(image, "echo hello\n")
    assert image.read_bytes()[:12] == b"echo hello\n\0"
    assert disks.read_exchange(image) == {}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("./status")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"0\n"))
    with image.open("r+b") as disk:
        disk.seek(disks.ARCHIVE_AT)
        disk.write(packed.getvalue())
    assert disks.read_exchange(image) == {"status": b"0\n"}


def test_a_script_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match="too many arguments"):
        disks.write_exchange(tmp_path / "exchange", "x" * (disks.SCRIPT_MAX + 1))


def test_the_partition_fills_the_disk() -> None:
    table = disks.partition_table(64 << 20)
    kind, start, count = struct.unpack("<4xB3xII", table[446:462])
    assert (len(table), table[-2:], kind) == (512, b"\x55\xaa", 0x83)
    assert (start * 512, (start + count) * 512) == (1 << 20, 64 << 20)


def test_only_the_exchange_keeps_what_the_guest_writes(tmp_path: Path) -> None:
    attached = {name: tmp_path / f"a,{name}" for name in ("checkout", "exchange")}
    words = {"cgroup": "v2"}
    command = machine.command_line(tmp_path, attached, words, kvm=False, memory_mb=1024)
    drives = [word for word in command if word.startswith("file=")]
    kept = [drive for drive in drives if "snapshot=off" in drive]
    assert len(drives) == 3
    assert kept == [drive for drive in drives if "id=exchange" in drive]
    assert "a,,exchange" in kept[0]
    assert "porto.cgroup=v2" in command[command.index("-append") + 1]


def console(text: str, after: str = "") -> list[str]:
    """A machine that prints a text."""
    return [sys.executable, "-I", "-S", "-c", f"print({text!r}, flush=True)\n{after}"]


def test_a_machine_shows_its_console_until_it_ends() -> None:
    shown: list[str] = []
    text = "porto-vm started\r\n1 passed\r\nporto-vm ended\r\npower down"
    ending = machine.run(console(text), 20, shown.append)
    assert shown == ["1 passed"]
    assert ending.trouble == ""


def test_a_machine_that_dies_is_told_from_one_that_ends() -> None:
    ending = machine.run(console("Kernel panic"), 20, lambda line: None)
    assert "died" in ending.trouble
    assert ending.tail == ["Kernel panic"]


def test_a_wedged_machine_is_killed(tmp_path: Path) -> None:
    ending = machine.run(["sleep", "600"], 0.05, lambda line: None)
    assert "killed" in ending.trouble


def test_a_report_names_what_went_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = runner.Options(reports=tmp_path)
    good = machine.Ending("", [], 3.0)
    assert runner.report(options, "v1", good, {"status": b"0\n", "report.xml": b"<x/>"})
    assert json.loads((tmp_path / "v1.json").read_text())["trouble"] == ""
    assert (tmp_path / "v1.xml").read_bytes() == b"<x/>"
    assert not runner.report(options, "v2", good, {"status": b"1\n"})
    assert not runner.report(options, "v2", good, {"status": b"124\n"})
    assert "interrupted" in json.loads((tmp_path / "v2.json").read_text())["trouble"]
    assert not runner.report(options, "v2", machine.Ending("killed", ["oops"], 9.0), {})
    assert "vm:   oops" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("root", "tools", "reason", "fixable"),
    [
        (False, True, "needs root", False),
        (True, False, "qemu-system-x86_64", True),
        (True, None, "no apt-get", False),
    ],
)
def test_a_machine_without_guests_says_why(
    monkeypatch: pytest.MonkeyPatch, root: bool, tools: bool | None, reason: str, fixable: bool
) -> None:
    monkeypatch.setattr(cannot.os, "geteuid", lambda: 0 if root else 1000)
    here = {True: lambda tool: tool, False: {"apt-get": "x"}.get, None: lambda tool: None}[tools]
    monkeypatch.setattr(shutil, "which", here)
    with pytest.raises(Cannot, match=reason) as caught:
        cannot.check_host()
    assert caught.value.fixable is fixable


@pytest.mark.parametrize(("lists", "fixable"), [("", True), ("no route to host", False)])
def test_without_a_network_a_failed_fetch_cannot_be_helped(
    monkeypatch: pytest.MonkeyPatch, lists: str, fixable: bool
) -> None:
    monkeypatch.setattr(image, "update_lists", lambda: lists)
    with pytest.raises(Cannot, match=f"cannot fetch it: .*{lists}") as caught:
        image.fetch("fetch it", "false")
    assert caught.value.fixable is fixable
