"""Text masks: fnmatch(3) with FNM_PATHNAME, and ``***``.

Used by `handlers/` and `container_waits.py` to match names and labels. `*`, `?` and ``[...]``
do not match a slash; ``***`` alone matches everything, as a suffix or a prefix of a
literal it matches across slashes. Manual section "Properties".

Matching time is bounded by text length times mask length: each star is an atomic
group, so a hostile mask cannot make the matcher backtrack.
"""

import re
from collections.abc import Callable
from functools import lru_cache

ANY = "***"
MASK_MAX = 4096

Matcher = Callable[[str], object]


def is_mask(name: str) -> bool:
    """Whether a container name is a wildcard; a lone ``[`` is not."""
    return "*" in name or "?" in name


def matches(text: str, mask: str) -> bool:
    """Whether `text` matches `mask`."""
    return bool(matcher(mask)(text))


def matcher(mask: str) -> Matcher:
    """A predicate for `mask`; one longer than `MASK_MAX` matches nothing."""
    # Such a mask is not remembered either: anybody may send many of them.
    return _nothing if len(mask) > MASK_MAX else _matcher(mask)


def _nothing(text: str) -> bool:
    return False


@lru_cache(maxsize=256)
def _matcher(mask: str) -> Matcher:
    if mask == ANY:
        return lambda text: True
    if mask.endswith(ANY):
        prefix = mask[: -len(ANY)]
        return lambda text: text.startswith(prefix)
    if mask.startswith(ANY):
        suffix = mask[len(ANY) :]
        return lambda text: text.endswith(suffix)
    pattern = "/".join(_component(part) for part in _split(mask))
    try:
        return re.compile(pattern, re.DOTALL).fullmatch
    except re.error:
        return lambda text: text == mask


def _split(mask: str) -> list[str]:
    # FNM_PATHNAME: a slash only ever matches a slash, also inside brackets.
    return mask.split("/")


def _component(mask: str) -> str:
    """The expression of a mask without slashes."""
    runs: list[str] = [""]
    position = 0
    while position < len(mask):
        char = mask[position]
        position += 1
        if char == "*":
            if len(runs) == 1 or runs[-1]:
                runs.append("")
        elif char == "?":
            runs[-1] += "[^/]"
        elif char == "[":
            text, position = _bracket(mask, position)
            runs[-1] += text
        elif char == "\\" and position < len(mask):
            runs[-1] += re.escape(mask[position])
            position += 1
        else:
            runs[-1] += re.escape(char)
    if len(runs) == 1:
        return runs[0]
    # The leftmost match of each inner run is the best one, so it may be atomic.
    inner = "".join(f"(?>[^/]*?{run})" for run in runs[1:-1])
    return f"{runs[0]}{inner}[^/]*{runs[-1]}"


def _bracket(mask: str, start: int) -> tuple[str, int]:
    """The expression of a bracket that opened before `start`, and where it ends."""
    position = start
    negated = mask[position : position + 1] in ("!", "^")
    if negated:
        position += 1
    items = ""
    first = True
    while position < len(mask):
        char = mask[position]
        if char == "]" and not first:
            # A range such as [.-0] spans the slash, which no bracket matches.
            if not items:
                return ("[^/]" if negated else "(?!)"), position + 1
            return f"(?!/)[{'^' if negated else ''}{items}]", position + 1
        first = False
        if char == "\\" and position + 1 < len(mask):
            position += 1
            char = mask[position]
        end = mask[position + 2 : position + 3]
        if mask[position + 1 : position + 2] == "-" and end not in ("", "]"):
            if char <= end:
                items += f"{re.escape(char)}-{re.escape(end)}"
            position += 3
        else:
            items += re.escape(char)
            position += 1
    return r"\[", start
