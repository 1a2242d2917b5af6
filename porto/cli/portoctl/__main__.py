"""``python -m porto.cli.portoctl``: the same as the console script."""

import sys

from porto.cli.portoctl.main import main

if __name__ == "__main__":
    sys.exit(main())
