"""Default output files lie in a directory of the user's: what he puts in their place.

The container is dead and respawned in place, as a member of group porto could do at will.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import porto
from porto.exceptions import InvalidValue
from tests.patience import until

pytestmark = pytest.mark.needs("root", "cgroup")


def fifo(file: Path, secret: Path) -> None:
    os.mkfifo(file)


def hard_link(file: Path, secret: Path) -> None:
    os.link(secret, file)


def symbolic_link(file: Path, secret: Path) -> None:
    file.symlink_to(secret)


def directory(file: Path, secret: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize("put", [fifo, hard_link, symbolic_link, directory])
def test_what_lies_in_the_place_of_the_output_is_refused(
    daemon, put: Callable[[Path, Path], None]
) -> None:
    conn = daemon.connection()
    secret = Path(daemon.place, "secret")
    secret.write_text("nobody's business\n")
    container = conn.Create("a")
    container.SetProperty("command", "true")
    container.Start()
    container.Wait()
    work = Path(daemon.place, "porto", "a")
    (work / "stdout").unlink()
    put(work / "stdout", secret)
    with pytest.raises(InvalidValue, match="cannot start a: cannot open stdout"):
        conn.Call("Respawn", name="a")
    assert secret.read_text() == "nobody's business\n"
    assert container["state"] == "stopped"


def test_the_directory_itself_cannot_be_exchanged(daemon) -> None:
    conn = daemon.connection()
    elsewhere = Path(daemon.place, "elsewhere")
    elsewhere.mkdir()
    container = conn.Create("a")
    container.SetProperty("command", "true")
    container.Start()
    container.Wait()
    work = Path(daemon.place, "porto", "a")
    shutil.rmtree(work)
    work.symlink_to(elsewhere)
    with pytest.raises(porto.exceptions.PortoException, match="cannot start a"):
        conn.Call("Respawn", name="a")
    assert list(elsewhere.iterdir()) == []
    until(lambda: container["state"] == "stopped", "not taken down")
