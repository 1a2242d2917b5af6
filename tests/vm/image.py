"""The guest's root file system and kernel, made of Debian's packages and kept.

`prepare` is called by `__main__.py`; `machine.py` boots what it leaves in the cache:
``root.img`` (ext4, never written to) and ``kernel``. Unchanged inputs: nothing to do.
Debian's cloud kernel has NVMe, ext4 and the serial console built in, so that it boots
without an initramfs.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.vm.cannot import Cannot

HERE = Path(__file__).resolve().parent
KERNEL = "linux-image-cloud-amd64"
PACKAGES = (
    "e2fsprogs",
    "fdisk",
    "iproute2",
    "iputils-ping",
    "kmod",
    "lvm2",
    "procps",
    "python3",
    "squashfs-tools",
    "thin-provisioning-tools",
    "util-linux",
)
"""What the tests call in the guest, beside its minimal base."""
ROOT_SIZE = "4G"
# Nobody answers LVM's questions: no udevd runs in the guest.
LVM_LOCAL = "activation {\n\tudev_sync = 0\n\tudev_rules = 0\n}\n"


def suite() -> str:
    """The code name of this host's Debian release: the guest has the same."""
    text = Path("/etc/os-release").read_text()
    named = re.search(r'^VERSION_CODENAME="?(\w+)', text, re.MULTILINE)
    if named is None or not re.search(r"^ID=debian$", text, re.MULTILINE):
        raise Cannot("this host is not Debian, so its Python cannot run in a Debian guest")
    return named[1]


def _named_kernel() -> str | None:
    done = subprocess.run(
        ["apt-cache", "depends", KERNEL], capture_output=True, text=True, check=False
    )
    found = re.search(r"Depends: (linux-image-\d\S*)", done.stdout)
    return found[1] if found else None


def kernel_package(kept: bool) -> str | None:
    """The package with today's kernel; None: apt has no lists, but a guest is kept."""
    found = _named_kernel()
    if found is not None or kept:
        return found
    trouble = update_lists()
    found = _named_kernel()
    if found is None:
        why = trouble or "apt does not know it"
        raise Cannot(f"cannot find the package {KERNEL}: {why}", fixable=not trouble)
    return found


def update_lists() -> str:
    """Bring apt's lists up to date; returns why that failed, nothing when it did not."""
    command = ["apt-get", "update", "-qq", "-eany"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    words = (done.stderr or done.stdout).strip().splitlines()
    return words[-1] if words else f"apt-get update ended with status {done.returncode}"


def fetch(purpose: str, *command: str, cwd: Path | None = None) -> None:
    """As `call`, once more with fresh lists; no network is nothing that can be set up."""
    try:
        call(purpose, *command, cwd=cwd)
    except Cannot as error:
        trouble = update_lists()
        if trouble:
            raise Cannot(f"{error}; {trouble}") from error
        call(purpose, *command, cwd=cwd)


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """One builder at a time; the others wait for its result."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(cache: Path) -> None:
    """Make the guest in `cache` unless it is there; the caller holds `locked`."""
    stamp_file = cache / "stamp"
    old = stamp_file.read_text() if stamp_file.exists() else ""
    release = suite()
    package = kernel_package(kept=bool(old))
    if package is None or old == _stamp(release, package):
        return
    # Old lists may name a kernel that is gone.
    update_lists()
    package = _named_kernel() or package
    print(f"vm: making a guest: {release}, {package}", flush=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as scratch:
        _build(cache, Path(scratch), release, package)
    stamp_file.write_text(_stamp(release, package))


def _stamp(release: str, package: str) -> str:
    """All that a guest is made of."""
    init = hashlib.sha256((HERE / "guest-init").read_bytes()).hexdigest()[:16]
    return " ".join([release, package, ROOT_SIZE, init, *PACKAGES])


def _build(cache: Path, work: Path, release: str, package: str) -> None:
    base = _base(cache, release)
    root = work / "root"
    root.mkdir()
    call("unpack the guest", "tar", "-xpf", str(base), "-C", str(root), "--numeric-owner")
    fetch("fetch the kernel", "apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root",
          package, cwd=work)  # fmt: skip
    (deb,) = work.glob("*.deb")
    call("unpack the kernel", "dpkg-deb", "-x", str(deb), str(work / "kernel"))
    (modules,) = (work / "kernel/lib/modules").iterdir()
    shutil.copytree(modules, root / "usr/lib/modules" / modules.name, symlinks=True)
    call("index the kernel's modules", "depmod", "-b", str(root), modules.name)
    shutil.copy(HERE / "guest-init", root / "usr/sbin/guest-init")
    (root / "usr/sbin/guest-init").chmod(0o755)
    (root / "etc/lvm/lvmlocal.conf").write_text(LVM_LOCAL)
    (root / "etc/hostname").write_text("guest\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost guest\n::1 localhost\n")
    make_ext4(work / "root.img", root, ROOT_SIZE)
    (cache / "stamp").unlink(missing_ok=True)
    shutil.move(work / "kernel/boot" / f"vmlinuz-{modules.name}", cache / "kernel")
    (work / "root.img").rename(cache / "root.img")


def _base(cache: Path, release: str) -> Path:
    """The packages' files, kept for themselves: the kernel and the init change more often."""
    key = hashlib.sha256(" ".join([release, *PACKAGES]).encode()).hexdigest()[:16]
    base = cache / f"base-{key}.tar"
    if not base.exists():
        for old in cache.glob("base-*.tar"):
            old.unlink()
        making = base.with_suffix(".part.tar")
        fetch("fetch the guest's packages", "mmdebstrap", "--quiet", "--mode=root",
              "--variant=minbase", f"--include={','.join(PACKAGES)}",
              "--aptopt=APT::Install-Recommends false",
              "--dpkgopt=path-exclude=/usr/share/man/*",
              "--dpkgopt=path-exclude=/usr/share/doc/*",
              "--dpkgopt=path-exclude=/usr/share/locale/*", release, str(making))  # fmt: skip
        making.rename(base)
    return base


def make_ext4(
    image: Path, source: Path, size: str, features: str = "^has_journal", options: str = ""
) -> None:
    """A sparse file with an ext4 file system that holds the files of `source`."""
    call("make a file system", "mkfs.ext4", "-q", "-F", "-d", str(source), "-O", features,
         "-E", f"lazy_itable_init=1{options}", "-m", "0", str(image), size)  # fmt: skip


def call(purpose: str, *command: str, cwd: Path | None = None) -> None:
    """Run a command, quietly when it works; `Cannot` with its words when it does not."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-2000:]
        print(words, flush=True)
        raise Cannot(
            f"cannot {purpose}: {command[0]} ended with status {done.returncode}", fixable=True
        )
