"""What the runs of a report saw and did, step by step, where the platform is there to tell it."""

from collections.abc import Iterator
from typing import Any

from services.console.cli.client import Client, connect
from services.console.cli.errors import NOT_FOUND, CommandFailed
from services.evaluator.results import Report, Result

RUNS_SHOWN = 100


def transcripts(report: Report) -> tuple[dict[str, list[str]], str]:
    """The lines of the runs that are worth reading, by run id; and what is missing of them."""
    worth = wanted(report)
    told: dict[str, list[str]] = {}
    try:
        client = connect(reading=True)
        for one in worth[:RUNS_SHOWN]:
            told[one.run_id] = _lines(client, one)
    except CommandFailed as error:
        return told, f"{len(worth) - len(told)} transcripts could not be read: {error.what}"
    if len(worth) > RUNS_SHOWN:
        return told, f"Of {len(worth)} transcripts the first {RUNS_SHOWN} are shown."
    return told, ""


def wanted(report: Report) -> list[Result]:
    """Runs that did not pass, and then all of a case in which the arms differ."""
    outcomes: dict[str, dict[str, list[bool | None]]] = {}
    for one in report.results:
        outcomes.setdefault(one.case, {}).setdefault(one.arm, []).append(one.passed)
    differ = {
        case for case, arms in outcomes.items() if len({tuple(one) for one in arms.values()}) > 1
    }
    ran = [one for one in report.results if one.steps]
    failing = [one for one in ran if one.passed is not True]
    return failing + [one for one in ran if one.passed is True and one.case in differ]


def _lines(client: Client, one: Result) -> list[str]:
    try:
        run = client.get(f"/runs/{one.run_id}", tenant=one.tenant)
    except CommandFailed as error:
        if error.exit_code != NOT_FOUND:
            raise
        return ["the platform does not know this run any more"]
    return [f"asked: {run['input']}", *(line for step in run["steps"] for line in _step(step))]


def _step(step: dict[str, Any]) -> Iterator[str]:
    if step["text"]:
        yield f"step {step['step']}: {step['text']}"
    for call in step["calls"]:
        yield f"step {step['step']} calls {call['tool']}({call['arguments_json']})"
        if call["verdict"] not in (None, "cleared"):
            yield f"{call['verdict']} by {call['rule']}: {call['reason']}"
        elif call["result"] is not None:
            yield f"{call['outcome']}: {call['result']}"
