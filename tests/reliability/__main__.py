"""The command: which lives, which points, how long; two walkers at a time."""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.reliability import table
from tests.reliability.asking import Broken
from tests.reliability.crew import walk_all
from tests.reliability.lives import LIVES
from tests.reliability.points import SORTS, Point, parse, sample
from tests.reliability.walk import Outcome, Verdict, Walker

MINUTES = 20.0


def main(words: Sequence[str] | None = None) -> int:
    """Parse, find the points, walk, sum up; 1 when anything failed."""
    parser = argparse.ArgumentParser(prog="scripts/test reliability")
    parser.add_argument("--life", action="append", choices=sorted(LIVES), help="only this one")
    parser.add_argument("--point", help="only this one of the life, such as 7.before.daemon")
    parser.add_argument("--sort", action="append", choices=SORTS, help="only such points")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="bound in time")
    parser.add_argument("--points", type=int, help="bound in number")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    parser.add_argument("--list", action="store_true", help="only print the points")
    options = parser.parse_args(words)
    lives = options.life or list(LIVES)
    if options.point and len(lives) != 1:
        parser.error("--point needs one --life")
    if os.geteuid() != 0:
        parser.error("needs root")
    # Interrupted in any way, every walker gives up its pair.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    deadline = time.monotonic() + options.minutes * 60
    outcomes: list[Outcome] = []
    walking = Walker()
    points: dict[str, list[Point]] = {}
    try:
        for life in lives:
            try:
                trace = walking.trace(life)
            except Broken as error:
                outcomes.append(
                    Outcome(life, "0.before.daemon", "", Verdict.FAILED, 0, (str(error),))
                )
                continue
            points[life] = [
                point for point in trace.points() if point.sort in (options.sort or SORTS)
            ]
            if options.list:
                for effect in sorted(trace.effects):
                    print(f"{life} {effect}")
                for number, change in enumerate(trace.changes, 1):
                    print(f"{life} {number}.before|after: {change}")
                for number, call in enumerate(trace.calls, 1):
                    print(f"{life} {number}.call: {call}")
                for number, look in enumerate(trace.looks, 1):
                    print(f"{life} {number}.look: {look}")
                for victim, steps in trace.steps.items():
                    for number, step in enumerate(steps, 1):
                        print(f"{life} {victim}.step{number}: {step}")
    finally:
        walking.close()
    if options.list:
        print(table.text(outcomes, {}))
        return len(outcomes)
    print(f"seed {options.seed}", flush=True)
    work = (
        [(lives[0], parse(options.point))]
        if options.point
        else in_turns(
            {life: sample(found, f"{options.seed} {life}") for life, found in points.items()}
        )
    )[: options.points]
    for outcome in walk_all(work, deadline):
        outcomes.append(outcome)
        words_ = f"{outcome.life:<10} {outcome.point:<22} {outcome.verdict:<12} {outcome.at}"
        print(f"{len(outcomes):>5}/{len(work)} {words_}", flush=True)
        if outcome.verdict is Verdict.FAILED or options.point:
            print("\n".join(f"      {line}" for line in outcome.details), flush=True)
    counts = {life: len(found) for life, found in points.items()}
    print(f"\n{table.text(outcomes, counts)}", flush=True)
    if options.json:
        options.json.write_text(table.as_json(outcomes, counts, options.seed))
    return int(any(outcome.verdict is Verdict.FAILED for outcome in outcomes))


def in_turns(piles: dict[str, list[Point]]) -> list[tuple[str, Point]]:
    """The lives take turns, so that every beginning is fair to all of them."""
    order = []
    for at in range(max(map(len, piles.values()), default=0)):
        order += [(life, pile[at]) for life, pile in piles.items() if at < len(pile)]
    return order


if __name__ == "__main__":
    sys.exit(main())
