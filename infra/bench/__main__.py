"""`make bench`: measure, and print a table or one JSON object."""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.dev.platform import DevOptions, DevPlatform
from infra.platform.child import ChildEvent
from infra.platform.errors import PlatformError
from infra.platform.home import Home
from infra.platform.nats import Durability

from .detection import measure_detection
from .evals import Cases, EvalResult, measure_evals
from .guardrail import GuardrailResult, Spent, measure_guardrail
from .history import HistoryResult, measure_history
from .observe import ObserveResult, Rounds, measure_observe
from .sandboxes import Rounds as Calls
from .sandboxes import ToolsResult, measure_tools
from .steps import Load, StepsResult, measure_steps

FULL = Load(steps=20, alone=5, together=50)
QUICK = Load(steps=5, alone=2, together=10)
FULL_CALLS, QUICK_CALLS = 1000, 150
FULL_ROUNDS = Rounds(pairs=8, load=Load(20, 0, 20), runs_projected=100_000, questions=100)
FULL_CASES, QUICK_CASES = Cases(5, 200, 16), Cases(2, 40, 8)
FULL_TEXTS, QUICK_TEXTS = 500, 50
FULL_TOOLS, QUICK_TOOLS = Calls(many=500, few=60), Calls(many=50, few=8)
QUICK_ROUNDS = Rounds(pairs=2, load=Load(5, 0, 10), runs_projected=5_000, questions=10)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench", description=__doc__)
    parser.add_argument(
        "suite",
        nargs="?",
        default="steps",
        choices=["steps", "history", "observe", "eval", "guardrail", "detection", "tools"],
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="a short form, for a first look")
    parser.add_argument("--durability", default="fast", choices=[mode.value for mode in Durability])
    parser.add_argument("--corpora", type=Path, help="of detection: a folder of wheels with texts")
    options = parser.parse_args()
    try:
        if options.suite == "detection":
            return _tell_detection(options.corpora, as_json=options.json)
        result = asyncio.run(_bench(options.suite, options.quick, Durability(options.durability)))
    except (PlatformError, RuntimeError, TimeoutError) as error:
        print(f"bench: {error or 'a run did not end in time'}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(result.as_json()))
    elif isinstance(result, StepsResult):
        _show_steps(result)
    elif isinstance(result, ObserveResult | EvalResult):
        _show_figures(result)
    elif isinstance(result, GuardrailResult):
        _show_guardrail(result)
    elif isinstance(result, ToolsResult):
        _show_tools(result)
    else:
        _show_history(result)
    return _judged(result)


async def _bench(
    suite: str, quick: bool, durability: Durability
) -> StepsResult | HistoryResult | ObserveResult | EvalResult | GuardrailResult | ToolsResult:
    if suite == "guardrail":
        return await measure_guardrail(QUICK_TEXTS if quick else FULL_TEXTS)
    if suite == "tools":
        return await measure_tools(QUICK_TOOLS if quick else FULL_TOOLS)
    if suite == "observe":
        return await measure_observe(durability, QUICK_ROUNDS if quick else FULL_ROUNDS, _tell)
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        home = Home(Path(folder))
        options = DevOptions(home, durability=durability, console_port=0, nats_port=0)
        async with DevPlatform.running(options, _tell, _on_event) as platform:
            if suite == "eval":
                return await measure_evals(platform, QUICK_CASES if quick else FULL_CASES)
            if suite == "history":
                return await measure_history(platform, QUICK_CALLS if quick else FULL_CALLS)
            return await measure_steps(platform, QUICK if quick else FULL)


def _judged(result: object) -> int:
    """1 where a measured run broke a promise, with the sentence."""
    broken = result.found if isinstance(result, HistoryResult) else []
    for sentence in broken:
        print(f"bench: {sentence}", file=sys.stderr)
    return 1 if broken else 0


def _tell(sentence: str) -> None:
    print(f"bench: {sentence}", file=sys.stderr)


def _on_event(_: ChildEvent) -> None:
    """A crash shows as a run that does not end."""


def _show_history(result: HistoryResult) -> None:
    shown = Table(title=f"history, durability {result.durability}", title_justify="left")
    shown.add_column("figure")
    for run in result.runs:
        shown.add_column(f"policy {run.policy}", justify="right")
    for name in asdict(result.runs[0]):
        if name != "policy":
            shown.add_row(name.replace("_", " "), *(f"{asdict(run)[name]}" for run in result.runs))
    Console().print(shown)


def _tell_detection(folder: Path | None, *, as_json: bool) -> int:
    result = asyncio.run(measure_detection(folder))
    if as_json:
        print(json.dumps(result.as_json()))
        return 0
    shown = Table(title="detection, on texts that others collected", title_justify="left")
    for heading in ("check", "collection", "detected", "false alarms"):
        shown.add_column(heading)
    for one in result.rates:
        benign = f"{one.false_alarms} of {one.benign}" if one.benign else "-"
        shown.add_row(one.check, one.corpus, f"{one.detected} of {one.hostile}", benign)
    Console().print(shown)
    return 0


def _show_guardrail(result: GuardrailResult) -> None:
    shown = Table(title=f"guardrail, {result.text_bytes} bytes", title_justify="left")
    for heading in ("", "ms p50", "ms p95"):
        shown.add_column(heading, justify="right" if heading else "left")

    def add(name: str, spent: Spent) -> None:
        shown.add_row(name, f"{spent.p50_ms:.2f}", f"{spent.p95_ms:.2f}")

    for kind, spent in result.all_native.items():
        add(f"all native checks, {kind}", spent)
    for name, spent in result.by_check.items():
        add(name, spent)
    add(f"verdict on a call, step {result.steps_before_the_call + 1}", result.verdict_on_a_call)
    Console().print(shown)


def _show_tools(result: ToolsResult) -> None:
    shown = Table(title="tools, one call at a time", title_justify="left")
    for heading in ("sandbox", "calls", "ms p50", "ms p99"):
        shown.add_column(heading, justify="left" if heading == "sandbox" else "right")
    for name, one in result.added.items():
        shown.add_row(name, f"{one.calls}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}")
    Console().print(shown)


def _show_figures(result: ObserveResult | EvalResult) -> None:
    shown = Table(title=f"{result.suite}, durability {result.durability}", title_justify="left")
    shown.add_column("figure")
    shown.add_column("value", justify="right")
    for name, value in asdict(result).items():
        if isinstance(value, int | float):
            shown.add_row(name.replace("_", " "), f"{value}")
    by_name = result.query_ms_p95_by_name if isinstance(result, ObserveResult) else {}
    for name, value in by_name.items():
        shown.add_row(f"query ms p95, {name}", f"{value}")
    Console().print(shown)


def _show_steps(result: StepsResult) -> None:
    console = Console()
    load = f"{result.runs} runs at once, {result.steps_per_run} steps each"
    shown = Table(title=f"steps, {load}, durability {result.durability}", title_justify="left")
    for heading in ("figure", "platform", "bare chain, same run"):
        shown.add_column(heading)
    shown.add_row("steps a second", f"{result.steps_per_second}", f"{result.bare_steps_per_second}")
    shown.add_row("added ms a step, one run alone, p50", f"{result.added_ms_per_step_p50}", "")
    shown.add_row("CPU ms a step", f"{result.cpu_ms_per_step}", f"{result.bare_cpu_ms_per_step}")
    shown.add_row("stored bytes a step", f"{result.bytes_per_step}", "")
    shown.add_row("facts a step", f"{result.facts_per_step}", "8")
    console.print(shown)
    where = Table(title="where the CPU goes, ms a step", title_justify="left")
    where.add_column("process")
    where.add_column("ms", justify="right")
    for name, spent in sorted(result.cpu_ms_per_step_by_process.items(), key=lambda one: -one[1]):
        where.add_row(name, f"{spent:.2f}")
    console.print(where)


if __name__ == "__main__":
    sys.exit(main())
