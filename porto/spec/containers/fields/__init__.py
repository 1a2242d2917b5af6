"""The definition of every property, one annotated field each, grouped by facet."""
