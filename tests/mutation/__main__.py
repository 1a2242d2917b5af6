"""Change the pure rooms one little thing at a time and see whether a test notices.

    python -m tests.mutation [OPTION...] [ROOM|FILE|DIRECTORY...]

    --all             every mutant, without a limit of time
    --sample N        of what is named together (all rooms: 900; named ones: every mutant)
    --seed N          which sample; without it a new one, whose seed is printed
    --minutes N       how long a sample may take (20)
    --jobs N          mutants at a time (2)
    --json FILE       the table and the survivors as JSON too

Prints a table, then each survivor with its difference, then those that `survivors.toml`
explains. Exit status 1 when in a room less than 90 % of what ran was killed or explained.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.mutation.mutants import CannotRun, Copy, difference, file_of
from tests.mutation.rooms import Room, UnknownRoom, chosen
from tests.mutation.survivors import explained
from tests.mutation.tally import Tally, Verdict, sample_sizes, split, table

SAMPLE = 900
ROOT = Path(__file__).resolve().parent.parent.parent


def look_at(
    copy: Copy, room: Room, files: list[str], picked: list[str], jobs: int, limit_s: float
) -> tuple[Tally, dict[str, str], dict[str, str]]:
    """Run the picked mutants of a room: tally, differences of survivors, reasons of others."""
    tally = Tally(room.name, mutants=len(copy.enter(room, files)))
    try:
        verdicts = copy.run(picked, jobs, limit_s)
    except CannotRun as error:
        print(f"{room.name}: mutmut gave no verdict\n{error}", flush=True)
        tally.trouble = "mutmut gave no verdict"
        return tally, {}, {}
    tally.add(verdicts)
    alive = [name for name, one in verdicts.items() if one is Verdict.SURVIVED]
    found = {name: difference(file_of(name, files), name) for name in alive}
    left, why = split({name: mutation for name, (mutation, _) in found.items()}, explained())
    tally.explained = len(why)
    return tally, {name: found[name][1] for name in left}, why


def main() -> int:
    """Parse, choose, run room by room, print."""
    parser = argparse.ArgumentParser(prog="scripts/test mutation")
    parser.add_argument("words", nargs="*", metavar="ROOM|FILE|DIRECTORY")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    try:
        rooms = chosen(ROOT, options.words)
    except UnknownRoom as error:
        parser.error(str(error))
    json_file = options.json.resolve() if options.json else None
    started = time.monotonic()
    whole = options.all or (options.sample is None and options.words)

    tallies: list[Tally] = []
    differences: dict[str, str] = {}
    reasons: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="porto-mutation-") as scratch:
        copy = Copy(ROOT, Path(scratch))
        names = {room.name: copy.enter(room, files) for room, files in rooms}
        sizes = {name: len(found) for name, found in names.items()}
        if not whole:
            sizes = sample_sizes(sizes, options.sample or SAMPLE)
            print(f"a sample of {sum(sizes.values())} mutants, --seed {options.seed}", flush=True)
        picker = random.Random(options.seed)
        for place, (room, files) in enumerate(rooms):
            picked = sorted(picker.sample(names[room.name], sizes[room.name]))
            left_s = options.minutes * 60 - (time.monotonic() - started)
            limit_s = float("inf") if whole else max(left_s, 0) / (len(rooms) - place)
            print(f"{room.name}: {len(picked)} of {len(names[room.name])} mutants", flush=True)
            tally, left, why = look_at(copy, room, files, picked, options.jobs, limit_s)
            tallies.append(tally)
            differences |= left
            reasons |= why
        os.chdir(ROOT)

    for name, diff in differences.items():
        print(f"\nsurvived: {name}\n{diff.rstrip()}")
    for name, reason in reasons.items():
        print(f"explained: {name}: {reason}")
    print(f"\n{table(tallies)}", flush=True)
    if json_file:
        rows = [asdict(tally) | {"percent": tally.percent} for tally in tallies]
        told = {"seed": options.seed, "rooms": rows, "survived": differences, "explained": reasons}
        json_file.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0 if all(tally.enough for tally in tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
