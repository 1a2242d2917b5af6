"""Metadata of a property that is only read: what is observed, never stored in a spec.

Used by the status models of this room.
"""

from porto.spec.prop import Prop


def reading(
    owner: str,
    *,
    example: str,
    runtime: bool = False,
    dead_only: bool = False,
    hidden: bool = False,
    needs: tuple[str, ...] = (),
) -> Prop:
    """Read-only, not part of a saved document; the rest as in `Prop`."""
    return Prop(
        owner=owner,
        example=example,
        read_only=True,
        runtime=runtime,
        dead_only=dead_only,
        hidden=hidden,
        needs=needs,
        saved=False,
    )
