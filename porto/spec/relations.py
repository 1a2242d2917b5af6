"""Who is concerned by a change of a record: declared by whoever knows, called by the engine."""

from collections.abc import Callable, Iterable
from typing import Any

from porto.spec.key import Key

Relation = Callable[[Any, Any], Iterable[Key]]
"""Keys that need a pass after a change, in the order in which they shall get it.

Called with the old and the new record of one kind, None before creation and after
deletion. Pure; may read the stores.
"""
