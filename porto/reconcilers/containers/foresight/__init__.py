"""Seeing before doing: the passes that would follow, decided as always, and not carried."""
