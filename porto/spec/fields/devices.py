"""Properties of access to devices. Manual section "Filesystem".

Applied by `reconcilers/devices.py`.
"""

from porto.spec.prop import Facet


class DevicesFields(Facet):
    """Desired state."""
