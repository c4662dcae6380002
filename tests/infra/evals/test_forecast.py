"""What trials may cost: their own ceilings, and those of all who are asked about them."""

import pytest

from contracts.scoring import Judged
from contracts.suite import Case, Suite
from infra.evals.forecast import Ceilings, Known, forecast
from infra.evals.plan import ArmSpec, planned
from tests.evaluator.judges.cases import jury

ALONE = Judged(by="panel", name="truth", question="Is it true?")
COMPARED = Judged(by="panel", name="better", question="Is it?", reference="It is on its way.")
AGENTS = {"support": Known("v", 100), **{name: Known("v", 10) for name in "abc"}}
CEILINGS = Ceilings(AGENTS, {"panel": jury()})


def trial(*scorers):
    suite = Suite(name="s", agent="support", cases=(Case(id="c", input="?", scorers=scorers),))
    (one,) = planned(suite, suite.cases, (ArmSpec("now", "support"),), "e", 1)
    return one


@pytest.mark.parametrize(
    ("scorers", "most"),
    [((), 100), ((ALONE,), 130), ((COMPARED,), 160), ((ALONE, COMPARED), 190)],
)
def test_a_trial_may_cost_what_it_and_its_judges_may(scorers, most):
    assert CEILINGS.of(trial(*scorers)) == most


class Console:
    """Has runs of these costs, by agent."""

    def __init__(self, **costs):
        self.costs = costs

    def get(self, _path, agent, **_query):
        return [{"cost_micro_usd": cost} for cost in self.costs.get(agent, [])]


def test_the_likely_cost_is_that_of_recent_runs_judges_too():
    console = Console(support=[40, 60], a=[1], b=[1], c=[1])

    found = forecast(console, [trial(COMPARED)] * 3, CEILINGS)

    assert (found.trials, found.likely_micro_usd, found.recent) == (3, 3 * (50 + 6), 5)
    assert found.most_micro_usd == 3 * 160


def test_nothing_is_likely_where_no_run_is_known():
    assert forecast(Console(), [trial()], CEILINGS).likely_micro_usd is None
