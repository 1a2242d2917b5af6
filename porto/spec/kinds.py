"""The kinds of this release: the one list.

Read by programs and tools only; the frame gets its kinds handed in.
"""

from porto.spec.containers.documents import DIALECT as CONTAINERS
from porto.spec.sources.dialect import by_noun

DIALECTS = by_noun(CONTAINERS)
