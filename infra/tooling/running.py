"""Calls of tools on this machine: one, or all of a file of tests."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts.progress import Progress
from contracts.tool import ToolManifest
from services.tool_executor.rules import ToolOutcome
from services.tool_executor.trial import Trial, trying
from shared.config import load_yaml

from .cases import Case, CaseFile, how, mistake, told

TENANT = "trial"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case went; `wrong` is a sentence where it failed."""

    case: Case
    outcome: ToolOutcome
    wrong: str | None


async def called(
    config: Path,
    tool: str,
    arguments_json: str,
    *,
    tenant: str,
    may_act: Callable[[ToolManifest], None],
    report: Callable[[Progress], None],
) -> ToolOutcome:
    """One call, after `may_act` has let it pass.

    Raises:
        ConfigError: there is no such tool, or it cannot be run here.
    """
    async with trying(config) as trial:
        may_act(trial.manifest(tool))
        return await trial.call(tool, arguments_json, tenant=tenant, key=_key(), report=report)


async def tested(config: Path, file: Path, seen: Callable[[Verdict], None]) -> tuple[Verdict, ...]:
    """Each case of a file, in its order.

    Raises:
        ConfigError: the file cannot be read, or a tool that it names cannot be run here.
    """
    cases = load_yaml(file, CaseFile).cases
    found = []
    async with trying(config) as trial:
        for case in cases:
            trial.manifest(case.tool)
        for case in cases:
            found.append(await _judged(trial, case))
            seen(found[-1])
    return tuple(found)


async def _judged(trial: Trial, case: Case) -> Verdict:
    key, manifest = _key(), trial.manifest(case.tool)

    async def call() -> ToolOutcome:
        return await trial.call(
            case.tool, case.arguments_json, tenant=TENANT, key=key, report=_unheard
        )

    outcome = await call()
    wrong = mistake(case, outcome, manifest)
    if wrong is None and case.twice:
        again = await call()
        if _essence(again) != _essence(outcome):
            wrong = f"it {told(outcome)}, and under the same key it {told(again)}"
    return Verdict(case, outcome, wrong)


def _essence(outcome: ToolOutcome) -> object:
    """All of an outcome but the time it took."""
    return how(outcome), outcome.model_dump(exclude={"duration_ms"})


def _key() -> str:
    return f"trial/{secrets.token_hex(8)}"


def _unheard(_: Progress) -> None:
    """Nobody watches a test."""
