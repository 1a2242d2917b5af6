"""Properties of cgroup controllers. Manual section "CGROUPS".

Applied by `reconcilers/controllers.py`.
"""

from porto.spec.prop import Facet


class CgroupsFields(Facet):
    """Desired state."""


class CgroupsStatus(Facet):
    """What is observed; read by `observers/cgroups.py`."""
