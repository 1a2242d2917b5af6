"""Who owns a container and what its processes may do with porto.

Manual section "Security"; used by `api/auth.py`.
"""

from typing import Annotated

from porto.spec.codecs import GroupName, Text, UserName, Word
from porto.spec.prop import Facet, Prop


class AccessFields(Facet):
    """Ownership and access to the API."""

    owner_user: Annotated[str, UserName(registered=True), Prop(owner="access", example="root")] = ""
    """User who owns the container; default: the creator."""

    owner_group: Annotated[str, GroupName(), Prop(owner="access", example="root")] = ""
    """Group that owns the container; default: the creator's."""

    enable_porto: Annotated[
        str,
        Word(
            "false",
            "read-isolate",
            "read-only",
            "isolate",
            "self-isolate",
            "child-only",
            "true",
            aliases={"none": "false", "full": "true"},
        ),
        Prop(owner="access", dynamic=True, example="read-only"),
    ] = "true"
    """Access of the container's processes to porto: false, read-isolate, read-only,
    isolate, self-isolate, child-only or true."""

    porto_namespace: Annotated[str, Text(), Prop(owner="access", example="web-")] = ""
    """Prefix of the names that the container's processes see (deprecated, use
    enable_porto=isolate)."""
