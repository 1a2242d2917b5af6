"""The desired state of an object of any kind, built of facets.

A kind's spec is a `Spec` with one field a facet; each facet is a model of
properties (`spec/prop.py`) that one reconciler makes true.
"""

from collections.abc import Mapping
from typing import Any, Self

from porto.spec.prop import Facet, Property


class Spec(Facet):
    """Desired properties of one object; an unset property has its default.

    Frozen. `with_value` keeps unchanged facets by identity, so comparing two generations
    of an unchanged facet costs one pointer comparison.
    """

    def value(self, prop: Property) -> Any:
        """The value of a property, its default when unset."""
        return getattr(getattr(self, prop.facet), prop.name)

    def is_set(self, prop: Property) -> bool:
        """Whether the property was set explicitly."""
        facet: Facet = getattr(self, prop.facet)
        return prop.name in facet.model_fields_set

    def with_value(self, prop: Property, value: Any) -> Self:
        """A copy with one property set; `value` comes from the property's codec."""
        facet: Facet = getattr(self, prop.facet)
        return self.model_copy(update={prop.facet: facet.model_copy(update={prop.name: value})})

    def without_value(self, prop: Property) -> Self:
        """A copy with one property unset again."""
        facet: Facet = getattr(self, prop.facet)
        if prop.name not in facet.model_fields_set:
            return self
        kept = {name: getattr(facet, name) for name in facet.model_fields_set - {prop.name}}
        return self.model_copy(update={prop.facet: type(facet).model_construct(**kept)})


def facets_of(model: type[Spec]) -> Mapping[str, type[Facet]]:
    """The facets of a spec by the name of their field, in the order of declaration."""
    return {
        name: info.annotation
        for name, info in model.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, Facet)
    }
