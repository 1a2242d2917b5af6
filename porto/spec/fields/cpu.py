"""Properties of CPU time and scheduling. Manual section "CPU"; applied by `reconcilers/cpu.py`."""

from porto.spec.prop import Facet


class CpuFields(Facet):
    """Desired state."""


class CpuStatus(Facet):
    """What is observed; read by `observers/cpu.py`."""
