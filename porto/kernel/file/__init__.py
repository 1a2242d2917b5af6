"""Files and directories: by descriptor, never by a path that somebody else can change."""
