"""Rules about CPU sets.

Merged by `spec/admission.py`.
"""

from collections.abc import Mapping

from porto.spec.rules.proposal import SetRule, StartRule

SET_RULES: Mapping[str, tuple[SetRule, ...]] = {}

START_RULES: tuple[StartRule, ...] = ()
