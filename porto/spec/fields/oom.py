"""Properties of running out of memory. Manual section "Memory"; applied by `reconcilers/oom.py`."""

from porto.spec.prop import Facet


class OomFields(Facet):
    """Desired state."""


class OomStatus(Facet):
    """What is observed; read by `observers/oom.py`."""
