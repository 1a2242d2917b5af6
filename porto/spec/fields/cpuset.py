"""Properties of CPU sets. Manual section "CPU"; applied by `reconcilers/cpuset.py`."""

from porto.spec.prop import Facet


class CpusetFields(Facet):
    """Desired state."""


class CpusetStatus(Facet):
    """What is observed; read by `observers/cpuset.py`."""
