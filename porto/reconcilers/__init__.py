"""Desired minus observed state, and the changes that follow: one file per facet."""
