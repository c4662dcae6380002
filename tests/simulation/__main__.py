"""Simulate the platform under faults: `python -m tests.simulation --seeds 2000`.

A seed with a violation is looked into by `--seed K --trace`: it replays to the byte.
"""

import argparse
import json
import sys

from rich.console import Console
from rich.progress import Progress

from .many import Total, simulate_many, simulate_safely

SHOWN_VIOLATIONS = 20


def main() -> int:
    """Exit code 1 says that a promise was broken."""
    asked = _arguments()
    if asked.trace:
        return _replay(asked.seed if asked.seed is not None else asked.first)
    seeds = (
        [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.seeds)
    )
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulating", total=len(seeds))
        total = simulate_many(seeds, lambda done: bar.update(task, completed=done))
    sys.stdout.write(json.dumps(total.as_json()) + "\n" if asked.json else _told(total))
    return 1 if total.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="print all that happened in one seed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _replay(seed: int) -> int:
    outcome = simulate_safely(seed, keep_trace=True)
    lines = [*outcome.trace, *(f"{one.rule}: {one.sentence}" for one in outcome.violations)]
    sys.stdout.write("\n".join([*lines, f"digest {outcome.digest}", ""]))
    return 1 if outcome.violations else 0


def _told(total: Total) -> str:
    faults = ", ".join(f"{kind} {count}" for kind, count in total.faults.most_common())
    ends = ", ".join(f"{kind} {count}" for kind, count in sorted(total.ends.items()))
    count = f"{total.seeds} seeds, {total.runs} runs ({ends}), {total.facts} facts"
    lines = [
        f"{count}, {total.crashes} crashes in {total.seconds} s",
        f"faults: {faults}",
        f"violations: {len(total.violations)}",
    ]
    lines += [
        f"  seed {one['seed']}: {one['rule']}: {one['sentence']}"
        for one in total.violations[:SHOWN_VIOLATIONS]
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
