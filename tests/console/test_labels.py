"""What people say of runs that were scored: who may, of what, and what is told of it."""

import pytest

from contracts.evaluation import AssertionResult, RunEvaluated, RunLabelled
from contracts.run import RunArchived
from contracts.trial import Trial
from services.observer.rules import project
from shared.errors import Stale
from shared.tracing.context import context_of
from shared.tracing.trace import trace_of
from tests.bodies import DIGEST, manifest, run_started, task, task_cleared
from tests.console.conftest import as_
from tests.histories import History

ANNA, DOUBT = "anna@example.org", "as many pass it as fail it"
VERDICT = "judge-a says pass: it is all true"
TRIAL = Trial(experiment="e-1", case="c-1")
TRUTH = {"metric": "truthful", "passed": True, "reason": "I looked it up"}


def score(metric="truthful", **changes):
    """What a jury gave that could not agree."""
    told = {"passed": False, "score": 0.5, "undecided": True, "doubt": DOUBT, "kind": "judged"}
    reason = f"2 judges of panel, undecided: {DOUBT}: {VERDICT}"
    return AssertionResult(**{"name": metric, "reason": reason, "by": "panel@1", **told, **changes})


def ended(run_id="r-1", tenant="acme", **of_task):
    """A run that is over; who judges it has yet to."""
    history = History(tenant, run_id)
    submitted = history.say(task().model_copy(update=of_task))
    cleared = history.say(task_cleared(), submitted)
    history.say(run_started(manifest()), cleared)
    history.complete(history.step(text="It was shipped."))
    return history


def scored(*scores, **told):
    """The same, with these scores."""
    history = ended(**told)
    evaluated = RunEvaluated(passed=True, score=0.5, assertions=scores or (score(),))
    history.say(evaluated, history.facts[-1])
    return history


def label(history, metric="truthful", **changes):
    said = {"principal": ANNA, "nonce": metric, "metric": metric, "passed": True, **changes}
    return history.say(RunLabelled(**said), history.run.evaluated)


def split_and_labelled():
    """Two juries could not agree, and a person labelled one of the two metrics."""
    history = scored(score("truthful"), score("polite"))
    label(history, "truthful")
    return history


async def list_(desk, *histories):
    """The lists have heard of these."""
    facts = (fact for history in histories for fact in history.facts)
    await desk.store.apply([change for fact in facts for change in project(fact)])


async def test_a_label_is_said_for_the_person_with_the_reason(api, bus, take):
    take(scored())

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert answer.status_code == 201
    (said,) = bus.bodies(RunLabelled)
    assert (said.metric, said.passed, said.principal) == ("truthful", True, ANNA)
    assert said.reason == "I looked it up"


async def test_who_labels_is_not_told_what_the_judges_said(api, take):
    take(scored())

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert set(answer.json()) == {"metric", "passed", "reason", "principal", "at"}


async def test_the_view_of_a_run_shows_its_labels(api, take):
    take(scored())
    await api.post("/runs/r-1/labels", json=TRUTH)
    await api.post("/runs/r-1/labels", json={"metric": "truthful", "passed": False})

    found = (await api.get("/runs/r-1")).json()["labels"]

    assert [(one["metric"], one["passed"]) for one in found] == [
        ("truthful", True),
        ("truthful", False),
    ]
    assert found[0]["principal"] == ANNA
    assert found[0]["at"]


async def test_a_label_belongs_to_the_trace_of_the_scores_and_is_no_work(api, bus, take):
    take(scored())
    before = trace_of(bus.facts)

    await api.post("/runs/r-1/labels", json=TRUTH)

    assert context_of(bus.facts[-1]).trace_id == context_of(bus.facts[-2]).trace_id
    assert trace_of(bus.facts) == before


@pytest.mark.parametrize("whose", ["requester", "user"])
async def test_nobody_labels_a_run_that_worked_for_them(api, bus, take, whose):
    take(scored(**{whose: ANNA.upper()}))

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert answer.status_code == 403
    assert "let somebody else" in answer.json()["remedy"]
    assert not bus.bodies(RunLabelled)


async def test_who_started_a_trial_may_label_it(api, take):
    take(scored(requester=ANNA, trial=TRIAL))

    assert (await api.post("/runs/r-1/labels", json=TRUTH)).status_code == 201


async def test_a_metric_that_the_run_was_not_scored_by_is_refused_with_those_that_it_was(
    api, bus, take
):
    take(scored(score("truthful"), score("polite")))

    answer = await api.post("/runs/r-1/labels", json={**TRUTH, "metric": "kind"})

    assert answer.status_code == 422
    assert answer.json()["remedy"] == "it was scored by: polite, truthful"
    assert not bus.bodies(RunLabelled)


async def test_a_run_that_goes_on_is_not_labelled(api, take):
    history = History()
    history.begin(manifest())
    take(history)

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert (answer.status_code, answer.json()["what"]) == (409, "the run is running")


async def test_a_run_that_was_not_scored_is_not_labelled(api, take):
    take(ended())

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert (answer.status_code, answer.json()["remedy"]) == (409, "wait for its scores")


async def test_a_run_whose_facts_left_the_log_takes_no_label(api, bus, take):
    history = scored()
    archived = RunArchived(archive_sha256=DIGEST, facts=4, task_sha256=DIGEST)
    history.say(archived, history.root)
    take(history)

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert answer.status_code == 409
    assert "not in the log" in answer.json()["what"]
    assert not bus.bodies(RunLabelled)


@pytest.mark.parametrize(("late", "status"), [(1, 201), (100, 409)])
async def test_a_label_is_said_of_the_run_as_it_is_and_not_for_ever_tried(
    api, bus, take, monkeypatch, late, status
):
    take(scored())
    append, left = bus.append, iter(range(late))

    async def overtaken(run, *rest):
        if next(left, None) is not None:
            raise Stale(run.run_id, run.last_sequence)
        return await append(run, *rest)

    monkeypatch.setattr(bus, "append", overtaken)

    answer = await api.post("/runs/r-1/labels", json=TRUTH)

    assert answer.status_code == status
    assert len(bus.bodies(RunLabelled)) == (status == 201)


async def test_an_unknown_run_is_not_found(api):
    assert (await api.post("/runs/r-9/labels", json=TRUTH)).status_code == 404


@pytest.mark.parametrize(("token", "status"), [("vera-token", 403), ("tom-token", 404)])
async def test_a_viewer_and_another_tenant_label_nothing(api, bus, take, token, status):
    take(scored())

    answer = await api.post("/runs/r-1/labels", json=TRUTH, headers=as_(token))

    assert answer.status_code == status
    assert not bus.bodies(RunLabelled)


async def test_a_split_jury_is_listed_with_why_and_without_what_it_said(api, desk):
    await list_(desk, scored(), scored(score(undecided=False, doubt=""), run_id="r-2"))

    answer = await api.get("/reviews/split")

    (line,) = answer.json()
    assert line["run_id"] == "r-1"
    assert line["juries"] == [{"metric": "truthful", "why": DOUBT}]
    assert VERDICT not in answer.text


async def test_a_mistake_in_a_scorer_is_no_split_jury(api, desk):
    await list_(desk, scored(score(by="")), scored(score(kind="python"), run_id="r-2"))

    assert (await api.get("/reviews/split")).json() == []


async def test_a_run_leaves_the_list_with_a_label_of_the_last_of_its_split_metrics(api, desk):
    history = split_and_labelled()
    await list_(desk, history)
    (line,) = (await api.get("/reviews/split")).json()

    label(history, "polite")
    await list_(desk, history)

    assert [one["metric"] for one in line["juries"]] == ["polite"]
    assert (await api.get("/reviews/split")).json() == []


async def test_an_archived_run_takes_no_label_and_leaves_the_list(api, desk):
    history = scored()
    other = "ab" * 32
    history.say(RunArchived(archive_sha256=DIGEST, facts=4, task_sha256=other), history.root)
    await list_(desk, history)

    assert (await api.get("/reviews/split")).json() == []


async def test_split_juries_of_another_tenant_are_not_shown(api, desk):
    await list_(desk, scored())

    assert (await api.get("/reviews/split", headers=as_("tom-token"))).json() == []
    assert len((await api.get("/reviews/split", headers=as_("vera-token"))).json()) == 1


async def test_people_are_told_who_they_are_taken_for(api):
    assert (await api.get("/me")).json()["principal"] == ANNA
