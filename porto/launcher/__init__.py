"""The launcher: parent of every container's processes, built of the standard library only."""
