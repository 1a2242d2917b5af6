"""Why no guest can run here; raised by the other files, reported by `__main__.py`."""

import os
import shutil


class Cannot(Exception):
    """The reason in one line.

    `fixable`: this machine could have got what is missing (it has root and a working apt),
    so under continuous integration the reason is a failure, not an excuse.
    """

    def __init__(self, reason: str, *, fixable: bool = False) -> None:
        super().__init__(reason)
        self.fixable = fixable


TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
}
"""Each program that is needed, and Debian's package with it."""


def check_host() -> None:
    """Raise `Cannot` unless this host has root, apt and all the tools."""
    if os.uname().machine != "x86_64":
        raise Cannot(f"the guests are x86-64, this machine is {os.uname().machine}")
    if os.geteuid() != 0:
        raise Cannot("needs root: it makes file systems with root's files")
    if shutil.which("apt-get") is None:
        raise Cannot("needs a Debian host: there is no apt-get to fetch the guest with")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        packages = " ".join(sorted({TOOLS[tool] for tool in missing}))
        raise Cannot(
            f"{', '.join(missing)} missing: apt-get install --no-install-recommends {packages}",
            fixable=True,
        )
