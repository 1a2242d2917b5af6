"""Build step of the package: compiles the launcher's C programs into it.

Everything else is in pyproject.toml. A wheel carries a machine's binaries, so its tag
names the machine, but any Python 3.
"""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent))

from porto.launcher.build import build_all, ensure_programs


class BuildWithPrograms(build_py):
    """Puts the compiled programs beside launcher's modules."""

    def run(self) -> None:
        """Editable installs get the binaries in the source tree."""
        super().run()
        if self.editable_mode:
            ensure_programs()
        else:
            build_all(Path(self.build_lib, "porto", "launcher"))


class MachineWheel(bdist_wheel):
    """Not pure, and independent of the interpreter."""

    def finalize_options(self) -> None:
        """Before the tag is made."""
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        """``py3-none-PLATFORM``."""
        return "py3", "none", super().get_tag()[2]


setup(cmdclass={"build_py": BuildWithPrograms, "bdist_wheel": MachineWheel})
