"""The guest's other disks: checkout, virtual environment, scratch, exchange with the host.

Called by `__main__.py`; `machine.py` attaches them by their serials, `guest-init` mounts
them. All are raw images; what a guest writes is kept on none but the exchange.
"""

import contextlib
import hashlib
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.vm.cannot import Cannot
from tests.vm.image import make_ext4

ROOT = Path(__file__).resolve().parents[2]
SCRATCH_MB = 512
SECTOR = 512
PARTITION_AT = 1 << 20
LINUX_PARTITION = 0x83
SCRIPT_MAX = 1 << 16
ARCHIVE_AT = 1 << 20
EXCHANGE_SIZE = 64 << 20
# In the environment for the tools, of no use in a guest, and large.
LEFT_OUT = ("ruff*", "mypy*", "*mypyc*", "grpc*", "uvloop*", "pip", "pip-*", "other-*", "grimp*")


def venv_directory() -> Path:
    """$PORTO_VENV or the checkout's ``.venv``; `Cannot` unless a guest can run it.

    The guest has Debian's interpreter of the same release, and no other.
    """
    venv = Path(os.environ.get("PORTO_VENV") or ROOT / ".venv").absolute()
    ask = "import sys; print(sys._base_executable)"
    done = subprocess.run(
        [venv / "bin/python", "-c", ask] if (venv / "bin/python").exists() else ["false"],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("/usr/bin/"):
        raise Cannot(
            f"{venv}/bin/python is not made of Debian's Python, so a guest cannot run it: make it "
            "with PORTO_PYTHON=/usr/bin/python3 scripts/test, or name another in PORTO_VENV"
        )
    return venv


def compile_modules(python: Path, copy: Path, original: Path) -> None:
    """Compile all of a copy, so that an emulated guest need not.

    Tests with broken sources are theirs to keep: what does not compile is left.
    """
    subprocess.run(
        [python, "-m", "compileall", "-q", "-s", copy, "-p", original, copy],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def venv_disk(cache: Path, venv: Path) -> Path:
    """An image of the virtual environment, kept until a distribution in it changes."""
    listed = sorted(path.name for path in venv.glob("lib/python3.*/site-packages/*"))
    state = hashlib.sha256(repr((str(venv), listed, LEFT_OUT)).encode()).hexdigest()[:16]
    key = hashlib.sha256(str(venv).encode()).hexdigest()[:8]
    image = cache / f"venv-{key}-{state}.img"
    if not image.exists():
        for old in cache.glob(f"venv-{key}-*.img"):
            old.unlink()
        with tempfile.TemporaryDirectory(prefix="venv-", dir=cache) as scratch:
            copy = Path(scratch) / "venv"
            ignore = shutil.ignore_patterns(*LEFT_OUT, "__pycache__")
            shutil.copytree(venv, copy, symlinks=True, ignore=ignore)
            compile_modules(venv / "bin/python", copy, venv)
            made = Path(scratch) / "venv.img"
            make_ext4(made, copy, "1G")
            made.rename(image)
    return image


def build_programs(python: Path) -> None:
    """Compile the launcher's programs where they are missing: a guest has no compiler."""
    program = "from porto.launcher import build; build.ensure_programs()"
    done = subprocess.run(
        [python, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or ["no reason told"]
        raise Cannot(f"cannot build the launcher's programs: {words[-1]}", fixable=True)


def checkout_disk(work: Path, venv: Path) -> Path:
    """An image of the checkout as it is now: what git lists or would list, and what is built."""
    build_programs(venv / "bin/python")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip()
        raise Cannot(f"git does not list the checkout's files: {words}")
    names = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
    names.update(("porto/launcher/reaper", "porto/launcher/executor"))
    names.update(str(path.relative_to(ROOT)) for path in ROOT.glob("porto.egg-info/*"))
    copy = work / "checkout"
    for name in sorted(names):
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
    compile_modules(venv / "bin/python", copy, ROOT)
    make_ext4(work / "checkout.img", copy, "1G")
    shutil.rmtree(copy)
    return work / "checkout.img"


def scratch_disk(cache: Path) -> Path:
    """A whole disk, one partition, in it an empty ext4 file system that counts by project."""
    image = cache / f"scratch-{SCRATCH_MB}.img"
    if not image.exists():
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=cache) as scratch:
            made, empty = Path(scratch) / "disk", Path(scratch) / "empty"
            empty.mkdir()
            with made.open("wb") as disk:
                disk.truncate(SCRATCH_MB << 20)
                disk.write(partition_table(SCRATCH_MB << 20))
            size = f"{SCRATCH_MB - (PARTITION_AT >> 20)}M"
            make_ext4(
                made,
                empty,
                size,
                "^has_journal,quota,project",
                f",quotatype=prjquota,offset={PARTITION_AT}",
            )
            made.rename(image)
    return image


def partition_table(size: int) -> bytes:
    """A master boot record with one Linux partition from 1 MiB to the end."""
    start, count = PARTITION_AT // SECTOR, (size - PARTITION_AT) // SECTOR
    no_geometry = b"\xfe\xff\xff"
    entry = struct.pack("<B3sB3sII", 0, no_geometry, LINUX_PARTITION, no_geometry, start, count)
    return b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa"


def write_exchange(image: Path, script: str) -> None:
    """The disk over which the guest gets its script and answers."""
    data = script.encode()
    if len(data) > SCRIPT_MAX:
        raise Cannot("too many arguments for a guest")
    with image.open("wb") as disk:
        disk.truncate(EXCHANGE_SIZE)
        disk.write(data)


def read_exchange(image: Path) -> dict[str, bytes]:
    """The files of the guest's answer by name; empty when it gave none."""
    files: dict[str, bytes] = {}
    with image.open("rb") as disk, contextlib.suppress(tarfile.TarError):
        disk.seek(ARCHIVE_AT)
        with tarfile.open(fileobj=disk, mode="r:") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    files[os.path.basename(member.name)] = content.read()
    return files
