"""``python -m porto.launcher``, or this file as a script: the master process.

Executed by `cli/portod.py` and by a master that replaces itself. As a script under
``python -I -S`` it finds its package by its own path.
"""

import os
import sys

if not __package__:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(os.path.dirname(here)), *(p for p in sys.path if p != here)]

from porto.launcher.start import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
