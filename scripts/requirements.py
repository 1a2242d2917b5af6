"""The requirements of one dependency group of a pyproject.toml, one a line.

Called by setup.sh, because Debian 12's pip does not know `--group`.
Usage: requirements.py PYPROJECT GROUP
"""

import sys
import tomllib
from pathlib import Path


def main() -> int:
    """Print the group; a group may include others by ``include-group``."""
    path, wanted = sys.argv[1:]
    groups = tomllib.loads(Path(path).read_text(encoding="utf-8"))["dependency-groups"]
    pending = [wanted]
    while pending:
        for entry in groups[pending.pop()]:
            if isinstance(entry, str):
                print(entry)
            else:
                pending.append(entry["include-group"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
