"""`judges.yaml`: which agents judge, of which family of models each is, and who sits in a jury.

Judges of one family make the same mistakes and like their own words best, so a jury has several.
The version of a judge holds all that it is: its agent, the words it is asked in, the models behind
its alias. What is known of one version says nothing of the next.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.agent import Agent
from contracts.model import Route
from contracts.scoring import Judged
from contracts.shape import Token, Written, sha256_hex
from services.evaluator.judges.prompts import TEMPLATE_VERSION
from shared.catalogue import Alias
from shared.config import load_yaml
from shared.errors import ConfigError

FILE = "judges.yaml"
JURY_LIMIT = 9
MIN_JUDGES = 3  # two can only agree or be split
MIN_FAMILIES = 3
# Providers that serve their own models alone, so that a route tells the family.
MAKERS = frozenset({"openai", "anthropic", "google", "mistral", "deepseek", "xai", "cohere"})
VERSION_CHARACTERS = 12

Decision = Literal["majority", "unanimous"]


class JudgeEntry(Written):
    """An agent that judges. `family` is who made its models: openai, anthropic, google."""

    family: Token


class JuryEntry(Written):
    """Who is asked together: three judges of three families, or more of each.

    A jury of one is a single judge, and its results say so.
    """

    judges: Annotated[tuple[Token, ...], Field(min_length=1, max_length=JURY_LIMIT)]
    quorum: Annotated[int, Field(ge=1, le=JURY_LIMIT)] | None = Field(
        None, description="How many must say something; without it, more than half"
    )
    decide: Decision = "majority"
    min_families: Annotated[int, Field(ge=MIN_FAMILIES, le=JURY_LIMIT)] = Field(
        MIN_FAMILIES, description="Different families among several judges"
    )

    @model_validator(mode="after")
    def _can_decide(self) -> Self:
        if len(set(self.judges)) < len(self.judges):
            raise ValueError("a judge is named twice; each has one vote")
        if 1 < len(self.judges) < MIN_JUDGES:
            raise ValueError(
                f"{len(self.judges)} judges are no jury; name {MIN_JUDGES} of {MIN_FAMILIES} "
                "families, or one alone"
            )
        if self.quorum is not None and self.quorum > len(self.judges):
            raise ValueError(
                f"a quorum of {self.quorum} is never reached by {len(self.judges)}; lower it"
            )
        return self

    @property
    def quorum_or_default(self) -> int:
        return len(self.judges) // 2 + 1 if self.quorum is None else self.quorum


class JudgesFile(Written):
    """The whole of `judges.yaml`."""

    judges: dict[Token, JudgeEntry]
    juries: dict[Token, JuryEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _juries_are_mixed(self) -> Self:
        for name, jury in self.juries.items():
            if name in self.judges:
                raise ValueError(f"juries.{name}: a judge has this name too; rename the jury")
            absent = [judge for judge in jury.judges if judge not in self.judges]
            if absent:
                raise ValueError(f"juries.{name}: {absent[0]!r} is not under judges; add it there")
            families = {self.judges[judge].family for judge in jury.judges}
            if len(jury.judges) > 1 and len(families) < jury.min_families:
                raise ValueError(
                    f"juries.{name}: its judges are of {', '.join(sorted(families))} alone, and "
                    f"min_families is {jury.min_families}; add one of another family"
                )
        return self


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge who can be asked. `version` is that of agent, words and models together."""

    name: str
    family: str
    version: str
    agent_version: str


@dataclass(frozen=True, slots=True)
class Jury:
    """Who is asked, and when they have decided. `quorum` and the judges are at least one."""

    name: str
    judges: tuple[Judge, ...]
    quorum: int
    decide: Decision = "majority"

    def asked(self, scorer: Judged) -> str:
        """`panel@` and 12 hex digits over its judges, how they decide, and what they are asked."""
        seats = sorted(self.versions.items())
        what = (scorer.question, scorer.reference is not None, scorer.quotes)
        text = json.dumps([seats, self.quorum, self.decide, what])
        return f"{self.name}@{sha256_hex(text.encode())[:VERSION_CHARACTERS]}"

    @property
    def is_single(self) -> bool:
        return len(self.judges) == 1

    @property
    def versions(self) -> dict[str, str]:
        """The version of each judge, by name: what a calibration card is made with."""
        return {judge.name: judge.version for judge in self.judges}


Juries = Mapping[str, Jury]


def judge_version(
    agent_version: str, template_version: str = TEMPLATE_VERSION, routes: tuple[Route, ...] = ()
) -> str:
    """12 hex digits over everything that changes what a judge would say."""
    models = ",".join(f"{route.provider}/{route.api}/{route.model}" for route in routes)
    text = f"{agent_version}:{template_version}:{models}"
    return sha256_hex(text.encode())[:VERSION_CHARACTERS]


def load_juries(
    config_dir: Path, agents: Mapping[str, Agent], aliases: Mapping[str, Alias]
) -> dict[str, Jury]:
    """Every jury by name, and each judge as a jury of one; none without `judges.yaml`.

    Raises:
        ConfigError: naming the file, the place in it, and what to do.
    """
    path = config_dir / FILE
    if not path.exists():
        return {}
    file = load_yaml(path, JudgesFile)
    judges = {
        name: _judge(path, name, entry, agents, aliases) for name, entry in file.judges.items()
    }
    juries = {name: Jury(name, (judge,), quorum=1) for name, judge in judges.items()}
    for name, entry in file.juries.items():
        _no_model_votes_twice(f"{path}: juries.{name}", entry.judges, agents, aliases)
        seated = tuple(judges[judge] for judge in entry.judges)
        juries[name] = Jury(name, seated, entry.quorum_or_default, entry.decide)
    for name, one in file.judges.items():
        _is_of_its_family(f"{path}: judges.{name}", one.family, aliases[agents[name].model])
    return juries


def _judge(
    path: Path,
    name: str,
    entry: JudgeEntry,
    agents: Mapping[str, Agent],
    aliases: Mapping[str, Alias],
) -> Judge:
    place = f"{path}: judges.{name}"
    agent = agents.get(name)
    if agent is None:
        raise ConfigError(f"{place}: no agent has this name; write agents/{name}.yaml")
    if agent.tools or agent.agents or agent.limits.steps != 1:
        raise ConfigError(f"{place}: a judge has no tools and one step; change agents/{name}.yaml")
    if agent.model not in aliases:
        raise ConfigError(f"{place}: models.yaml has no alias {agent.model!r}; add it there")
    version = judge_version(agent.version, routes=aliases[agent.model].routes)
    return Judge(name, entry.family, version, agent.version)


def _is_of_its_family(place: str, family: str, alias: Alias) -> None:
    """A family that is declared wrongly would make a jury of one kind look mixed."""
    for provider in (route.provider for route in alias.routes):
        if provider in MAKERS and provider != family:
            raise ConfigError(
                f"{place}: it is said to be of {family}, and may be asked of {provider}; "
                "correct the family, or the routes of its model"
            )


def _no_model_votes_twice(
    place: str,
    judges: tuple[str, ...],
    agents: Mapping[str, Agent],
    aliases: Mapping[str, Alias],
) -> None:
    """A fallback to the model of another judge would give that one two votes."""
    routes = {
        name: {(route.provider, route.model) for route in aliases[agents[name].model].routes}
        for name in judges
    }
    for one, other in combinations(judges, 2):
        shared = routes[one] & routes[other]
        if shared:
            model = "/".join(min(shared))
            raise ConfigError(f"{place}: {one} and {other} may both be {model}; change a route")
