"""What an experiment costs, told before it begins: what such runs cost, and may cost at most."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean

from contracts.shape import to_micro_usd
from infra.evals.plan import Planned
from services.console.cli.client import Client
from services.console.rules.words.amounts import usd
from services.evaluator.judges.config import Jury
from services.evaluator.judges.prompts import orders_of

RECENT_RUNS = 50


@dataclass(frozen=True, slots=True)
class Forecast:
    """In micro-dollars. `likely` is None where no such run is known."""

    trials: int
    likely_micro_usd: int | None
    recent: int
    most_micro_usd: int

    def __str__(self) -> str:
        most = f"at most {usd(self.most_micro_usd)}, by the ceilings of the runs"
        if self.likely_micro_usd is None:
            return f"{self.trials} trials: {most}; no run of these agents is known to go by"
        likely = f"about {usd(self.likely_micro_usd)}, by {self.recent} recent runs"
        return f"{self.trials} trials: {likely}; {most}"


@dataclass(frozen=True, slots=True)
class Known:
    """An agent as the platform has it: its version, and what one run of it may spend at most."""

    version: str
    most_micro_usd: int


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What trials may spend: the agents that run in them, and the juries that are asked."""

    agents: Mapping[str, Known]
    juries: Mapping[str, Jury] = field(default_factory=dict)

    def runs_of(self, one: Planned) -> Counter[str]:
        """How many runs of which agent a trial is: itself, and those of its judges."""
        found = Counter([one.agent])
        for scorer in one.judged:
            for judge in self.juries[scorer.by].judges:
                found[judge.name] += len(orders_of(scorer.reference))
        return found

    def of(self, one: Planned) -> int:
        """What a trial may spend at most, in micro-dollars."""
        return sum(
            self.agents[name].most_micro_usd * times for name, times in self.runs_of(one).items()
        )


def known_agents(
    client: Client, agents: Iterable[str], limit_usd: Decimal | None = None
) -> dict[str, Known]:
    """The agents of these names, in their order; `limit_usd` tightens what they may spend.

    Raises:
        CommandFailed: there is no such agent.
    """
    found = {}
    for name in agents:
        agent = client.get(f"/agents/{name}")
        if "production" in agent["labels"]:
            # What a trial of this name is run by.
            agent = client.get(f"/agents/{name}", label="production")
        own = Decimal(str(agent["definition"]["limits"]["budget_usd"]))
        found[name] = Known(agent["version"], to_micro_usd(min(own, limit_usd or own)))
    return found


def forecast(client: Client, trials: Sequence[Planned], ceilings: Ceilings) -> Forecast:
    """What these trials will cost."""
    runs = sum((ceilings.runs_of(one) for one in trials), Counter[str]())
    costs = {name: _recent(client, name) for name in runs}
    known = [cost for each in costs.values() for cost in each]
    likely = None
    if known:
        mean = {name: fmean(each) if each else fmean(known) for name, each in costs.items()}
        likely = round(sum(mean[name] * times for name, times in runs.items()))
    return Forecast(
        trials=len(trials),
        likely_micro_usd=likely,
        recent=len(known),
        most_micro_usd=sum(map(ceilings.of, trials)),
    )


def _recent(client: Client, agent: str) -> list[int]:
    """What its last runs have cost."""
    lines = client.get("/runs", agent=agent, status="completed", limit=RECENT_RUNS)
    return [line["cost_micro_usd"] for line in lines]
