"""Properties of memory. Manual section "Memory"; applied by `reconcilers/memory.py`."""

from porto.spec.prop import Facet


class MemoryFields(Facet):
    """Desired state."""


class MemoryStatus(Facet):
    """What is observed; read by `observers/memory.py`."""
