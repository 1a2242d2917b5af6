"""Plain values as YAML text; called by portoctl's ``-o yaml``."""

from typing import Any

import yaml


def dump(value: Any) -> str:
    """One YAML document, keys in their order; ends with a line feed."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return text
