"""What the io controllers of v1 and v2 do alike: lines by disk, weights.

Called by `v1/io.py` and `v2/io.py`.
"""

from collections.abc import Mapping

BASES = {"none": 500, "rt": 1000, "high": 1000, "normal": 500, "batch": 10, "idle": 10}
"""Weight of each io_policy where 500 is the default; manual section "Disk IO"."""
BASES_OF_100 = {"none": 100, "rt": 1000, "high": 1000, "normal": 100, "batch": 1, "idle": 1}
"""The same where 100 is the default."""


def scaled(base: int, weight: float, lowest: int, highest: int) -> str:
    """The text of a weight knob."""
    return str(min(max(int(base * weight + 0.5), lowest), highest))


def split_lines(text: str) -> dict[str, str]:
    """What the lines ``major:minor rest`` of a knob say, by disk."""
    found = {}
    for line in text.splitlines():
        number, _, rest = line.strip().partition(" ")
        if ":" in number:
            found[number] = rest.strip()
    return found


def join_lines(lines: Mapping[str, str]) -> str:
    """The canonical text of a knob with a line for each disk: sorted by number."""
    keys = sorted(lines, key=lambda number: tuple(map(int, number.split(":"))))
    return "\n".join(f"{number} {lines[number]}" for number in keys)


def statistic(text: str, word: str) -> int | None:
    """The number behind a word of a file like memory.stat."""
    start = f"{word} "
    return next(
        (int(line[len(start) :]) for line in text.splitlines() if line.startswith(start)), None
    )
