"""One virtual machine: QEMU's command line, its console, its end.

Called by `__main__.py`. Uses KVM where it works, else emulation on all processors.
"""

import ctypes
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

KVM_PROBE_S = 30
NODES = 2
"""Processors and NUMA nodes, one processor in each."""
KERNEL_WORDS = (
    "console=ttyS0 quiet loglevel=3 panic=-1 root=/dev/nvme0n1 rw rootfstype=ext4 "
    "init=/usr/sbin/guest-init net.ifnames=0 random.trust_cpu=1 nokaslr mitigations=off "
    "no_timer_check hugepages=16"
)
TAIL_LINES = 40


@dataclass(frozen=True)
class Ending:
    """How a machine ended: by itself, or why not; and the last lines of its console."""

    trouble: str
    tail: list[str]
    seconds: float


def with_parent() -> None:
    """In the child: die with the parent, whatever kills that."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def kvm_works(cache: Path) -> bool:
    """Whether KVM runs an ordinary kernel; remembered until the next boot.

    A /dev/kvm that opens may still not do so (KVM within a virtual machine): boot the kernel
    without a root, which panics.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    note = cache / "kvm"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = note.read_text().split() if note.exists() else []
    if known[:1] != [boot]:
        command = [*_BASE, "-accel", "kvm", "-cpu", "host", "-m", "256", "-serial", "stdio"]
        command += ["-kernel", str(cache / "kernel"), "-append", "console=ttyS0 panic=-1"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=KVM_PROBE_S,
                check=False,
                preexec_fn=with_parent,
            )
            answer = "works" if b"Kernel panic" in done.stdout else "fails"
        except subprocess.TimeoutExpired:
            answer = "fails"
        known = [boot, answer]
        note.write_text(" ".join(known))
    return known[1:] == ["works"]


_BASE = (
    "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
    "-no-reboot", "-machine", "q35",
)  # fmt: skip


def command_line(
    cache: Path, disks: Mapping[str, Path], words: Mapping[str, str], *, kvm: bool, memory_mb: int
) -> list[str]:
    """QEMU's arguments; `disks` by serial, `words` for the kernel's command line.

    The root is the only NVMe disk: those are numbered in the order in which they answer.
    Virtio disks are found by serial. Disks but "exchange" forget what is written to them.
    """
    command = [*_BASE, "-smp", str(NODES), "-m", str(memory_mb), "-serial", "stdio"]
    if kvm:
        command += ["-accel", "kvm", "-cpu", "host"]
    else:
        command += ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,la57=off"]
    for node in range(NODES):
        command += ["-object", f"memory-backend-ram,id=ram{node},size={memory_mb // NODES}M"]
        command += ["-numa", f"node,nodeid={node},cpus={node},memdev=ram{node}"]
    append = " ".join([KERNEL_WORDS, *(f"porto.{key}={value}" for key, value in words.items())])
    command += ["-kernel", str(cache / "kernel"), "-append", append]
    for serial, path in {"root": cache / "root.img", **disks}.items():
        snapshot = "off" if serial == "exchange" else "on"
        place = str(path).replace(",", ",,")
        drive = f"file={place},format=raw,if=none,id={serial},snapshot={snapshot},cache=unsafe"
        device = "nvme" if serial == "root" else "virtio-blk-pci"
        command += ["-drive", drive, "-device", f"{device},drive={serial},serial={serial}"]
    return command


def run(command: list[str], limit_s: float, show: Callable[[str], None]) -> Ending:
    """Run a machine, showing its console line by line, for `limit_s` seconds at most."""
    began = time.monotonic()
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    ended = False
    qemu = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=with_parent,
    )

    def read() -> None:
        assert qemu.stdout is not None
        with qemu.stdout as console:
            for line in console:
                lines.put(line.rstrip("\r\n"))
        lines.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    trouble = ""
    try:
        while True:
            left = began + limit_s - time.monotonic()
            try:
                line = lines.get(timeout=max(0.0, left))
            except queue.Empty:
                trouble = f"no end after {limit_s:.0f} s, killed"
                break
            if line is None:
                break
            tail.append(line)
            if line == "porto-vm ended":
                ended = True
            elif not ended and not line.startswith("porto-vm "):
                show(line)
    finally:
        if trouble or not ended:
            qemu.kill()
        status = qemu.wait()
        reader.join()
    if not ended and not trouble:
        trouble = f"the machine died (status {status})"
    return Ending(trouble, list(tail), time.monotonic() - began)
