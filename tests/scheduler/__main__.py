"""`python -m tests.scheduler [--weeks N] [--seed S]`: simulated weeks of three schedulers, and what befell them.

Half of the weeks have the night in which Eastern clocks skip an hour, half that in which they repeat one. The clock is
simulated, so the figures follow from the seed alone, on any machine. Exits with 1 when a slot was run against its rule.
"""

import argparse
import sys
from collections import Counter

from tests.scheduler.week import Season, live_a_week

COLUMNS = ("due", "run", "run late", "killed", "frozen", "took over")


def main() -> int:
    """Live, print, and exit with 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.scheduler", description="Weeks of three schedulers.")
    parser.add_argument("--weeks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20_261_123)
    options = parser.parse_args()
    total, broken = Counter[str](), 0
    print(f"{'week':<14}" + "".join(f"{name:>12}" for name in COLUMNS))
    for number in range(options.weeks):
        season, seed = list(Season)[number % 2], options.seed + number
        week = live_a_week(season, seed)
        total, broken = total + week.figures, broken + len(week.broken)
        print(f"{season.name.lower():<8}{number + 1:<6}" + "".join(f"{week.figures[name]:>12,}" for name in COLUMNS))
        for what in week.broken:
            print(f"  BROKEN (seed {seed}): {what}")
    print(f"{'all':<14}" + "".join(f"{total[name]:>12,}" for name in COLUMNS))
    verdict = f"{broken} rules were broken" if broken else "every slot was run once or not at all, as its rule says"
    print(f"Each week with a stop of 26 h and the clock set an hour ahead and an hour back, seed {options.seed}:")
    print(verdict)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
