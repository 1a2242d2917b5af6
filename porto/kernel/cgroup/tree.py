"""Walking and removing trees of cgroup directories.

Called by both drivers; nothing is followed but directories below the given top.
"""

import errno

from porto.kernel.cgroup.knobs import Knobs

_HELD = (errno.EBUSY, errno.ENOTEMPTY)


def walk(knobs: Knobs, top: str) -> list[str]:
    """`top` and the directories below it, parents before children."""
    found = [top]
    for directory in found:
        found.extend(f"{directory}/{name}" for name in knobs.subdirectories(directory))
    return found


def remove_tree(knobs: Knobs, top: str) -> None:
    """Remove `top` and what is below; absent is fine.

    OSError (EBUSY) while a task remains: empty children are gone then all the same.
    """
    try:
        knobs.rmdir(top)
        return
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _HELD or not knobs.subdirectories(top):
            raise
    busy: OSError | None = None
    for directory in reversed(walk(knobs, top)):
        try:
            knobs.rmdir(directory)
        except FileNotFoundError:
            continue
        except OSError as error:
            busy = busy or error
    if busy is not None:
        raise busy
