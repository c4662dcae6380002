"""What a suite costs: cases a second through the platform, and what a trial adds to a plain run.

Trials and plain tasks of the same agent take turns, both driven by the program that runs suites, so
that whatever else the machine does falls on both. Then reports are made of many made-up results.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx

from contracts.scoring import Exact, ExpectedCall, Forbidden, StepsAtMost
from contracts.suite import Case, Suite
from contracts.trial import Stub
from infra.dev.platform import DevPlatform
from infra.evals.asking import try_case
from infra.evals.driving import drive
from infra.evals.folder import Folder
from infra.evals.plan import ArmSpec, Planned, planned
from infra.evals.purse import Purse
from services.console.cli.client import Client
from services.evaluator.comparing import compare
from services.evaluator.results import Arm, Experiment, Result

AGENT = "bench"
REQUEST_SECONDS = 60.0
COMPARED_CASES = 2000
SCORERS = (
    Exact(value="Done."),
    StepsAtMost(steps=2),
    Forbidden(calls=(ExpectedCall(tool="issue_refund"),)),
)


@dataclass(frozen=True)
class Cases:
    """How much is measured: pairs of turns, cases in each, and how many are open at once."""

    pairs: int
    cases: int
    at_once: int


@dataclass(frozen=True)
class EvalResult:
    """Medians over the pairs. Overhead is a case's share of the time, more than a plain run's."""

    suite: str
    durability: str
    cases: int
    at_once: int
    cases_per_second: float
    plain_runs_per_second: float
    overhead_ratio: float
    overhead_ratios: list[float]
    overhead_ms_per_case: float
    compare_seconds: float
    compared_cases: int

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def measure_evals(platform: DevPlatform, cases: Cases) -> EvalResult:
    """Turns of a suite and of plain tasks."""
    return await asyncio.to_thread(_measure, platform, cases)


def _measure(platform: DevPlatform, cases: Cases) -> EvalResult:
    headers = {"authorization": f"Bearer {platform.token}"}
    with (
        httpx.Client(
            base_url=platform.console_url, headers=headers, timeout=REQUEST_SECONDS
        ) as http,
        tempfile.TemporaryDirectory(prefix="interlock-bench-evals-") as folder,
    ):
        turns = _Turns(Client(http), Path(folder), cases)
        turns.take("warm", plain=False)
        pairs = [
            (turns.take(f"trials-{at}", plain=False), turns.take(f"plain-{at}", plain=True))
            for at in range(cases.pairs)
        ]
    trials = statistics.median(one for one, _ in pairs)
    plain = statistics.median(other for _, other in pairs)
    ratios = [round(one / other, 3) for one, other in pairs]
    return EvalResult(
        suite="eval",
        durability=platform.options.durability.value,
        cases=cases.cases,
        at_once=cases.at_once,
        cases_per_second=round(cases.cases / trials, 1),
        plain_runs_per_second=round(cases.cases / plain, 1),
        overhead_ratio=round(statistics.median(ratios), 3),
        overhead_ratios=ratios,
        overhead_ms_per_case=round(1000 * (trials - plain) / cases.cases, 2),
        compare_seconds=round(_compared(COMPARED_CASES), 3),
        compared_cases=COMPARED_CASES,
    )


@dataclass(frozen=True)
class _Turns:
    """Turns of equal size, each with runs of its own."""

    client: Client
    folder: Path
    cases: Cases

    def take(self, name: str, *, plain: bool) -> float:
        """The seconds that a turn took."""
        trials = _planned(name, self.cases.cases)
        if plain:
            trials = [replace(one, task=_without_trial(one)) for one in trials]
        folder = Folder(self.folder / name)
        folder.begin(_experiment(self.cases.cases))
        begun = time.perf_counter()
        done = drive(
            trials,
            lambda one, stopping: try_case(self.client, one, None, stopping),
            folder,
            Purse(None),
            lambda _: 0,
            self.cases.at_once,
            lambda *_: None,
        )
        if not all(one.is_told for one in done.results):
            raise RuntimeError(f"a trial was not run: {done.results[0].why}")
        return time.perf_counter() - begun


def _planned(name: str, number: int) -> Sequence[Planned]:
    cases = tuple(Case(id=f"c-{at}", input="steps=1", scorers=SCORERS) for at in range(number))
    suite = Suite(name="bench", agent=AGENT, cases=cases, stubs=(Stub(tool="instant", result=1),))
    return planned(suite, cases, (ArmSpec("now", AGENT),), name, repeats=1)


def _without_trial(one: Planned) -> dict[str, object]:
    return {name: value for name, value in one.task.items() if name != "trial"}


def _experiment(cases: int) -> Experiment:
    return Experiment(
        name="bench",
        suite="bench",
        suite_sha256="0" * 64,
        arms=(Arm(name="now", agent=AGENT), Arm(name="new", agent=AGENT)),
        repeats=1,
        cases=cases,
        started_at=datetime.now(UTC),
    )


def _compared(cases: int) -> float:
    """How long the report of two arms takes, with its gate."""
    results = [
        Result(
            arm=arm,
            case=f"c-{at}",
            run_id=f"{arm}-{at}",
            tenant="demo",
            status="completed",
            passed=(at * stride) % 10 != 0,
            cost_micro_usd=1000 + at % 7,
            seconds=1.0 + at % 3,
        )
        for arm, stride in (("now", 3), ("new", 7))
        for at in range(cases)
    ]
    begun = time.perf_counter()
    compare(_experiment(cases), results, datetime.now(UTC).date(), gated=True)
    return time.perf_counter() - begun
