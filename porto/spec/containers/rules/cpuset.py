"""Rules about CPU sets: none.

A mask or a node that this machine lacks may be set on a stopped container; whether it can
be had is decided for the whole host by `reconcilers/host/cpuset/`, at the start and at a live
change. Merged by `spec/containers/admission.py`.
"""

from collections.abc import Mapping

from porto.spec.containers.rules.proposal import SetRule, StartRule

SET_RULES: Mapping[str, tuple[SetRule, ...]] = {}

START_RULES: tuple[StartRule, ...] = ()
