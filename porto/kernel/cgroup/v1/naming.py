"""Directories of a container in the hierarchies of v1.

Called by `driver.py`. In the freezer's hierarchy a container is ``/PREFIX/<name>``.
In the others it is ``PREFIX%`` and the name, whose separator after an ancestor is
``/`` if that ancestor has the hierarchy's controller and ``%`` if not, so that a
container is a child of the nearest ancestor with a group of its own::

    a/b with the controller in both     /PREFIX%a/b
                            in a only   /PREFIX%a      (shared)
                            in b only   /PREFIX%a%b
"""

from collections.abc import Sequence


def freezer_directory(mount: str, prefix: str, name: str) -> str:
    """Where a container is in the freezer's hierarchy."""
    return f"{mount}/{prefix}/{name}"


def directory(mount: str, prefix: str, parts: Sequence[str], has: Sequence[bool]) -> str:
    """Where a container is in another hierarchy.

    Its own directory, the nearest ancestor's, or the mount point. `has` tells for each
    level, from the first to the container's, whether that container has the controller.
    """
    path = found = mount
    separator = f"/{prefix}%"
    for part, own in zip(parts, has, strict=True):
        path = f"{path}{separator}{part}"
        if own:
            found = path
        separator = "/" if own else "%"
    return found


def name_of(path: str) -> str:
    """The container's name from a path after ``PREFIX%``."""
    return path.replace("%", "/")
