"""pressurize_on_death: what is left of a container without tasks. Manual section "Memory".

Applied by `facets/pressure.py`, shown by `observers/pressure.py`.
"""

from typing import Annotated

from porto.spec.codecs import Bool
from porto.spec.prop import Facet, Prop


class PressureFields(Facet):
    """Desired state."""

    pressurize_on_death: Annotated[
        bool,
        Bool(),
        Prop(owner="pressure", dynamic=True, needs=("memory", "memory.soft"), example="true"),
    ] = False
    """If true, memory left by the container is the first to be reclaimed once it is dead.

    So it is while a container without command has no running sub-container. Default: false,
    or as configured. Needs the soft limit of cgroup v1.
    """

    def is_asked(self, default: bool) -> bool:
        """Whether it is wanted; `default` is the configuration's, for whom it was not set."""
        if "pressurize_on_death" in self.model_fields_set:
            return self.pressurize_on_death
        return default
