"""What the runs of a report saw and did, step by step, where the platform is there to tell it."""

from collections.abc import Iterator
from typing import Any

from services.console.cli.client import Client, connect
from services.console.cli.errors import CommandFailed
from services.evaluator.results import Report, Result

RUNS_SHOWN = 100


def transcripts(report: Report) -> dict[str, list[str]]:
    """The lines of the runs that did not pass, by run id; none where nobody answers."""
    wanted = [one for one in report.results if one.passed is not True][:RUNS_SHOWN]
    try:
        client = connect(reading=True)
        return {one.run_id: found for one in wanted if (found := _lines(client, one))}
    except CommandFailed:
        return {}


def _lines(client: Client, one: Result) -> list[str]:
    """Nothing of a run that never was one."""
    if not one.steps:
        return []
    run = client.get(f"/runs/{one.run_id}", tenant=one.tenant)
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
