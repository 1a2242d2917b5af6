"""oom_score_adj: how readily the kernel kills the container's processes.

Launch facet: written by the child for itself, inherited by all that it starts. proc(5).
"""

from porto.launcher.ops import WriteFile
from porto.reconcilers.containers.base import LaunchPlan, Target

KNOB = "/proc/self/oom_score_adj"


class OomScore:
    """The child's own oom_score_adj."""

    name = "oom"

    def prepare(self, target: Target, plan: LaunchPlan) -> None:
        """Always written: the launcher's own score protects it, and is inherited."""
        wanted = target.record.spec.oom.oom_score_adj
        plan.add(WriteFile(KNOB, str(wanted), required=wanted != 0))
