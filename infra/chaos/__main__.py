"""`make chaos`: kill every part while runs move money; print a table or one JSON object.

Exits with 1 where a promise was broken: a run lost, a charge or an end twice, money above a cap,
an unknown outcome that nobody was asked about, a log that says other than what happened, work of
a killed worker that never went on, or a recovery that takes too long.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

from infra.platform.errors import PlatformError
from infra.platform.nats import Durability
from shared.errors import LogUnavailable

from .plan import KINDS
from .play import play
from .result import ChaosResult
from .stage import ChaosOptions, Progress
from .telling import print_table, shown

FAILED = 1
INTERRUPTED = 130


def main() -> int:
    given = _parser().parse_args()
    # Lost connections are the point, and nats-py reports each of them.
    logging.getLogger("nats").setLevel(logging.CRITICAL)
    try:
        result = _in_home(given)
    except (PlatformError, LogUnavailable) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("chaos: stopped before it was judged", file=sys.stderr)
        return INTERRUPTED
    if given.json:
        print(json.dumps(result.as_json()))
    else:
        print_table(result)
    return 0 if result.is_clean else FAILED


def _in_home(given: argparse.Namespace) -> ChaosResult:
    if given.keep:
        home = Path(tempfile.mkdtemp(prefix="interlock-chaos-"))
        print(f"chaos: kept in {home}", file=sys.stderr)
        return asyncio.run(_play(given, home))
    with tempfile.TemporaryDirectory(prefix="interlock-chaos-") as folder:
        return asyncio.run(_play(given, Path(folder)))


async def _play(given: argparse.Namespace, home: Path) -> ChaosResult:
    options = ChaosOptions(
        home=home,
        runs=given.runs,
        recoveries=given.recoveries or min(given.runs, ChaosOptions.recoveries),
        concurrency=given.concurrency,
        seed=given.seed,
        kills_per_minute=given.kills_per_minute,
        kinds=tuple(given.only or KINDS),
        durability=Durability(given.durability),
    )
    progress = Progress(options.runs)
    with shown(progress):
        return await play(options, progress)


def _parser() -> argparse.ArgumentParser:
    plain = ChaosOptions(Path())
    parser = argparse.ArgumentParser(prog="python -m infra.chaos", description=__doc__)
    parser.add_argument("--runs", type=_positive, default=plain.runs)
    parser.add_argument(
        *("--recoveries", "-r"),
        type=_positive,
        help=f"of single kills; {plain.recoveries}, or as many as runs where those are fewer",
    )
    parser.add_argument("--concurrency", type=_positive, default=plain.concurrency)
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--kills-per-minute", type=float, default=plain.kills_per_minute)
    parser.add_argument("--only", nargs="+", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--durability", default="fast", choices=[mode.value for mode in Durability])
    parser.add_argument("--keep", action="store_true", help="keep the home folder, with all logs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
