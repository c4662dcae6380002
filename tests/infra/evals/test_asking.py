"""One trial: submitted, followed to its score, read as a result."""

from threading import Event

import pytest

from contracts.suite import Case, Suite
from infra.evals import asking
from infra.evals.asking import try_case
from infra.evals.plan import ArmSpec, planned
from services.console.cli.errors import CommandFailed, Unreachable

CASE = Case(id="c-1", input="Where is it?", tags=("critical",), cluster="d-1", weight=2)
SUITE = Suite(name="orders", agent="support", cases=(CASE,))
(ONE,) = planned(SUITE, SUITE.cases, (ArmSpec("now", "support"),), "e", repeats=1)
RUNNING = {"status": "running", "evaluation": None, "agent_version": "a", "tenant": "acme"}
SCORE = {"name": "exact", "passed": False, "score": 0.0, "reason": "no"}
OVER = {
    **RUNNING,
    "status": "completed",
    "evaluation": {"passed": False, "score": 0.0, "assertions": [SCORE]},
    "answer": "Here.",
    "why": "",
    "cost_micro_usd": 7,
    "seconds": 1.5,
    "steps": [{}, {}],
    "approvals": 1,
    "refusals": 2,
    "unsettled": 0,
}
VERDICT = {"judge": "judge-a", "version": "v", "says": "pass", "reason": "so"}


class Console:
    """Answers with these, the last one from then on; an error is raised."""

    def __init__(self, *runs, refused=None):
        self.runs, self.refused, self.asked = list(runs), refused, []

    def post(self, path, body):
        self.asked.append((path, body))
        if self.refused is not None:
            raise self.refused
        return {"tenant": "acme"}

    def get(self, path, **_query):
        if path.endswith("/proof"):
            return {"holds": True}
        found = self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name in ("FIRST_POLL_SECONDS", "LAST_POLL_SECONDS"):
        monkeypatch.setattr(asking, name, 0.001)


def test_a_trial_is_followed_until_it_is_scored():
    ended = {**OVER, "evaluation": None}

    found = try_case(Console(RUNNING, ended, OVER), ONE, "acme", Event())

    assert (found.passed, found.answer, found.cost_micro_usd) == (False, "Here.", 7)
    assert (found.steps, found.approvals, found.blocked, found.seconds) == (2, 1, 2, 1.5)
    assert (found.tags, found.cluster, found.weight) == (("critical",), "d-1", 2.0)
    assert found.scores[0].name == "exact"
    assert found.touched_nothing is True


def test_a_trial_is_over_when_its_bills_are_told():
    unpaid = {**OVER, "cost_micro_usd": 0, "unsettled": 1}

    assert try_case(Console(unpaid, unpaid, OVER), ONE, None, Event()).cost_micro_usd == 7


def test_what_its_judges_cost_is_counted():
    verdicts = [{**VERDICT, "run_id": f"j-{number}"} for number in range(3)]
    score = {**SCORE, "kind": "judged", "verdicts": verdicts}
    judged = {**OVER, "evaluation": {**OVER["evaluation"], "assertions": [score]}}

    found = try_case(Console(judged), ONE, None, Event())

    assert (found.judging_micro_usd, found.spent_micro_usd) == (3 * 7, 4 * 7)


def test_whom_nobody_asked_is_kept():
    told = {**OVER, "evaluation": {**OVER["evaluation"], "not_asked": ["helpful"]}}

    assert try_case(Console(told), ONE, None, Event()).not_asked == ("helpful",)


def test_an_undecided_score_says_nothing_of_the_agent():
    score = {**SCORE, "undecided": True}
    undecided = {**OVER, "evaluation": {**OVER["evaluation"], "assertions": [score]}}

    found = try_case(Console(undecided), ONE, None, Event())

    assert found.passed is None
    assert found.is_told


def test_a_refusal_is_a_result_that_tells_nothing_and_is_tried_again():
    refused = CommandFailed("there is no agent x (agent)", "known are y", 2)

    found = try_case(Console(refused=refused), ONE, None, Event())

    assert (found.passed, found.is_told) == (None, False)
    assert "known are y" in found.why


def test_a_run_that_cannot_be_read_any_more_may_still_spend():
    gone = CommandFailed("the archive is spoilt", "restore it")

    found = try_case(Console(RUNNING, gone), ONE, "acme", Event())

    assert (found.passed, found.is_over) == (None, False)
    assert "it was submitted, and cannot be read: the archive is spoilt" in found.why


def test_one_that_nobody_waits_for_any_more_goes_on(monkeypatch):
    monkeypatch.setattr(asking, "TRIAL_SECONDS", 0.01)

    found = try_case(Console(RUNNING), ONE, "acme", Event())

    assert (found.status, found.is_over, found.is_told) == ("running", False, False)


def test_a_run_that_never_started_is_not_waited_for():
    blocked = {**OVER, "status": "failed", "agent_version": None, "evaluation": None}

    found = try_case(Console(blocked), ONE, None, Event())

    assert (found.status, found.passed) == ("failed", None)


def test_a_score_that_does_not_come_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(asking, "SCORED_SECONDS", 0.01)

    found = try_case(Console({**OVER, "evaluation": None}), ONE, None, Event())

    assert found.passed is None
    assert found.why == "nobody has scored it"


def test_a_platform_that_is_away_for_a_moment_is_asked_again():
    away = Unreachable("nobody answers", "start it")

    assert try_case(Console(away, away, OVER), ONE, None, Event()).status == "completed"


def test_one_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 0.01)

    with pytest.raises(Unreachable):
        try_case(Console(Unreachable("nobody answers", "start it")), ONE, None, Event())


def test_what_is_no_longer_wanted_is_dropped():
    stopping = Event()
    stopping.set()

    assert try_case(Console(RUNNING), ONE, None, stopping) is None
