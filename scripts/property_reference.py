"""Write what is made from the property registry: docs/properties.md, specs/schema.json.

Usage: property_reference.py [--check]       --check: exit 1 when a file is not up to date
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from porto.spec.schema import main

if __name__ == "__main__":
    sys.exit(main([] if "--check" in sys.argv[1:] else ["--write"]))
