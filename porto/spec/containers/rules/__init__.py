"""Rules of admission, one file per facet: `SET_RULES` by property name and `START_RULES`."""
