"""Which trials a suite becomes: arms x cases x repeats, each with a run id that follows from it.

The same plan gives the same ids, and a task is submitted once: so an experiment that was broken off
is gone on with by the same command.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from contracts.agent import Agent
from contracts.scoring import Judged
from contracts.shape import sha256_hex
from contracts.suite import Case, Suite
from contracts.trial import EVALUATION, SEED_LIMIT, Trial, trial_prefix

ID_DIGITS = 16
ARMS_LIMIT = 50


class UnknownCase(ValueError):
    """A case or a tag was named that the suite has none of."""


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """One version of an agent: as it is, on another model, by other instructions, or another whole.

    `version` is that of the agent as the platform has it, so that an edit of it is another trial. A
    `definition`, as JSON, has its own.
    """

    name: str
    agent: str
    version: str = ""
    model: str | None = None
    instructions: str | None = None
    definition: dict[str, Any] | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What makes it another arm."""
        return {name: one for name, one in asdict(self).items() if name != "definition" or one}


@dataclass(frozen=True, slots=True)
class Planned:
    """One trial: its place in the experiment, its task, and who is asked about it."""

    arm: str
    case: Case
    repeat: int
    run_id: str
    task: dict[str, Any]
    forked_from: str | None = None
    judged: tuple[Judged, ...] = ()

    @property
    def agent(self) -> str:
        return str(self.task["agent"])


def matrix(
    agents: Mapping[str, str], models: Sequence[str], prompts: Sequence[tuple[str, str]]
) -> tuple[ArmSpec, ...]:
    """Agents x models x prompts, named by what differs.

    Agents are names with their versions, prompts are (name, text). Without models or prompts, those
    of the agent.
    """
    some_models: Sequence[str | None] = models or [None]
    some_prompts: Sequence[tuple[str, str] | None] = prompts or [None]
    found = []
    for (agent, version), model, prompt in product(agents.items(), some_models, some_prompts):
        told = [agent, *([model] if model else []), *([prompt[0]] if prompt else [])]
        name = "-".join(told if len(agents) > 1 or len(told) == 1 else told[1:])
        found.append(ArmSpec(_token(name), agent, version, model, prompt[1] if prompt else None))
    return tuple(found)


def whole(definition: Agent, stem: str) -> ArmSpec:
    """The arm that tries a whole definition, named by its file unless that is the agent's name."""
    name = "candidate" if stem == definition.name else stem
    written = definition.model_dump(mode="json")
    return ArmSpec(_token(name), definition.name, definition.version, definition=written)


def chosen(
    suite: Suite,
    cases: Sequence[str] = (),
    tags: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
) -> tuple[Case, ...]:
    """The cases that were asked for, in the order of the suite.

    Raises:
        UnknownCase: a name or a tag that the suite does not have.
    """
    known = {case.id for case in suite.cases}
    for name in cases:
        if name not in known:
            raise UnknownCase(f"the suite {suite.name} has no case {name}")
    for tag in tags:
        if not any(tag in case.tags for case in suite.cases):
            raise UnknownCase(f"no case of the suite {suite.name} has the tag {tag}")
    found = [
        case
        for case in suite.cases
        if (not cases or case.id in cases) and (not tags or set(tags) & set(case.tags))
    ]
    if sample is not None and sample < len(found):
        drawn = set(random.Random(seed).sample(range(len(found)), sample))  # noqa: S311 - no secret
        found = [case for at, case in enumerate(found) if at in drawn]
    return tuple(found)


def planned(
    suite: Suite,
    cases: Sequence[Case],
    arms: Sequence[ArmSpec],
    experiment: str,
    repeats: int,
    tools: str = "stubbed",
    seed: int = 0,
) -> tuple[Planned, ...]:
    """Every trial. The arms of a case follow one another, so that a part of a run compares."""
    return tuple(
        _planned(suite, case, arm, experiment, (repeat, seed_of(seed, case.id, repeat)), tools)
        for repeat in range(1, repeats + 1)
        for case in cases
        for arm in arms
    )


def digest(suite: Suite, cases: Iterable[Case], arms: Sequence[ArmSpec], *where: object) -> str:
    """The SHA-256 of what is tried: another one is another experiment.

    `where` is what else makes it another one: repeats, tools, tenant.
    """
    whole = {
        "suite": suite.model_dump(mode="json", exclude={"cases", "gate", "budget_usd"}),
        "cases": [case.model_dump(mode="json") for case in cases],
        "arms": [one.told for one in arms],
        "where": where,
    }
    return sha256_hex(json.dumps(whole, sort_keys=True).encode())


def seed_of(experiment: int, case: str, repeat: int) -> int:
    """What models are asked to draw by: the same in all arms, so that they differ by no luck."""
    content = json.dumps([experiment, case, repeat]).encode()
    return int(sha256_hex(content), 16) % (SEED_LIMIT + 1)


def run_id_of(experiment: str, *told: object) -> str:
    """The run id of a trial: it follows from what is tried, and from nothing else."""
    content = json.dumps([experiment, *told], sort_keys=True).encode()
    return f"{trial_prefix(experiment)}{sha256_hex(content)[:ID_DIGITS]}"


def arm_of_prompt(path: Path) -> tuple[str, str]:
    """The name of a prompt by its file, and its text."""
    return path.stem, path.read_text(encoding="utf-8")


def _planned(
    suite: Suite, case: Case, arm: ArmSpec, experiment: str, drawn: tuple[int, int], tools: str
) -> Planned:
    """`drawn` is which repeat it is, and its seed."""
    repeat, seed = drawn
    trial = Trial(
        experiment=experiment,
        arm=arm.name,
        case=case.id,
        repeat=repeat,
        seed=seed,
        definition=None if arm.definition is None else Agent.model_validate(arm.definition),
        model=arm.model,
        instructions=arm.instructions,
        tools="real" if tools == "real" else "stubbed",
        # The case's own come first: of several that fit, the first is used.
        stubs=() if tools == "real" else (*case.stubs, *suite.stubs),
        reviews=case.reviews,
        scorers=(*case.scorers, *suite.scorers),
        judges=suite.judges,
        tags=case.tags,
        cluster=case.cluster,
    )
    written = {
        "agent": arm.agent,
        "input": case.input,
        "feature": EVALUATION,
        "customer": case.customer,
        "user": case.user,
        "limits": suite.limits.model_dump(mode="json", exclude_none=True),
        "metadata": dict(case.metadata),
        "trial": trial.model_dump(mode="json", exclude_none=True),
    }
    task = {name: value for name, value in written.items() if value not in (None, {})}
    run_id = run_id_of(experiment, arm.told, case.id, repeat, task)
    judged = tuple(one for one in trial.scorers if isinstance(one, Judged))
    return Planned(arm.name, case, repeat, run_id, task, judged=judged)


def _token(name: str) -> str:
    """A name as run ids and arms may have it."""
    return "".join(one if one.isalnum() or one in "-_" else "-" for one in name)[:64]
