"""Properties of disk input and output. Manual section "Disk IO"; applied by `reconcilers/io.py`."""

from porto.spec.prop import Facet


class IoFields(Facet):
    """Desired state."""


class IoStatus(Facet):
    """What is observed; read by `observers/io.py`."""
