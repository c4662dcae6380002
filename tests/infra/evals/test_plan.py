"""Which trials a suite becomes, and what each costs at most."""

import json
from decimal import Decimal

import pytest

from contracts.agent import AgentLimits
from contracts.suite import Case, Suite
from contracts.task import TaskSubmitted
from contracts.trial import Stub
from infra.evals.plan import ArmSpec, UnknownCase, chosen, digest, matrix, planned, whole
from tests.bodies import agent

CASES = tuple(
    Case(id=f"c-{at}", input=f"Where is {at}?", tags=("odd",) if at % 2 else ()) for at in range(10)
)
SUITE = Suite(name="orders", agent="support", cases=CASES)
ONE = ArmSpec("now", "support")
OTHER = ArmSpec("new", "support", model="strong", instructions="Be brief.")


def test_the_matrix_is_agents_by_models_by_prompts_named_by_what_differs():
    assert [one.name for one in matrix({"support": "v"}, [], [])] == ["support"]
    assert [one.name for one in matrix({"support": "v"}, ["small", "strong"], [])] == [
        "small",
        "strong",
    ]
    assert [
        one.name for one in matrix({"support": "v"}, ["small"], [("old", "a"), ("new", "b")])
    ] == [
        "small-old",
        "small-new",
    ]
    assert [one.name for one in matrix({"a": "v", "b": "w"}, ["m"], [])] == ["a-m", "b-m"]


def test_every_case_is_tried_by_every_arm_as_often_as_asked():
    trials = planned(SUITE, CASES, (ONE, OTHER), "e", repeats=3)

    assert len(trials) == 10 * 2 * 3
    assert [(one.arm, one.case.id) for one in trials[:3]] == [
        ("now", "c-0"),
        ("new", "c-0"),
        ("now", "c-1"),
    ]


def test_a_trial_is_a_task_that_the_platform_takes():
    (one, *_) = planned(SUITE, CASES, (OTHER,), "e", repeats=1)

    task = TaskSubmitted.model_validate(json.loads(json.dumps(one.task)))

    assert task.feature == "evaluation"
    assert (task.trial.model, task.trial.instructions) == ("strong", "Be brief.")
    assert (task.trial.case, task.trial.arm, task.trial.tools) == ("c-0", "new", "stubbed")


def test_a_whole_definition_is_an_arm_of_its_own_version_named_by_its_file():
    # A budget in another spelling than the default's: to the digest it is another one.
    limits = AgentLimits(budget_usd=Decimal("0.5"))
    definition = agent().model_copy(update={"instructions": "Be brief.", "limits": limits})
    arm = whole(definition, "brief")
    (one, *_) = planned(SUITE, CASES, (arm,), "e", repeats=1)

    task = TaskSubmitted.model_validate(json.loads(json.dumps(one.task)))

    assert (arm.name, arm.version) == ("brief", definition.version)
    assert task.trial.definition == definition
    assert task.trial.definition.version == definition.version
    assert whole(definition, "support").name == "candidate"


def test_what_was_tried_before_there_were_definitions_is_the_same_experiment():
    assert "definition" not in ONE.told
    assert digest(SUITE, CASES, [ONE]) != digest(SUITE, CASES, [whole(agent(), "support")])


def test_a_run_id_follows_from_what_is_tried_and_from_nothing_else():
    first, again = (planned(SUITE, CASES, (ONE,), "e" * 60, repeats=2) for _ in range(2))
    changed = [CASES[0].model_copy(update={"input": "Where was it?"}), *CASES[1:]]
    other = planned(SUITE, changed, (ONE,), "e" * 60, repeats=2)

    ids = [one.run_id for one in first]
    assert ids == [one.run_id for one in again]
    assert len(set(ids)) == len(ids)
    assert all(len(one) <= 64 for one in ids)
    assert [one.run_id in ids for one in other[:3]] == [False, True, True]


def test_an_agent_that_was_edited_is_tried_again():
    ids = {
        planned(SUITE, CASES[:1], (ArmSpec("now", "support", version),), "e", repeats=1)[0].run_id
        for version in ("before", "after")
    }
    digests = {
        digest(SUITE, CASES, (ArmSpec("now", "support", version),), 1)
        for version in ("before", "after")
    }

    assert len(ids) == len(digests) == 2


def test_other_tools_and_another_tenant_are_another_experiment():
    known = {
        digest(SUITE, CASES, (ONE,), 1, tools, tenant)
        for tools in ("stubbed", "real")
        for tenant in (None, "acme")
    }

    assert len(known) == 4


def test_the_stubs_of_a_case_come_before_those_of_its_suite():
    own, shared = Stub(tool="find_order", result=1), Stub(tool="find_order", result=2)
    suite = SUITE.model_copy(update={"stubs": (shared,)})
    case = CASES[0].model_copy(update={"stubs": (own,)})

    (one,) = planned(suite, (case,), (ONE,), "e", repeats=1)

    assert [each["result"] for each in one.task["trial"]["stubs"]] == [1, 2]


def test_real_tools_need_no_stubs():
    suite = SUITE.model_copy(update={"stubs": (Stub(tool="find_order", result=2),)})

    (one, *_) = planned(suite, CASES, (ONE,), "e", repeats=1, tools="real")

    assert one.task["trial"]["tools"] == "real"
    assert one.task["trial"]["stubs"] == []


def test_cases_are_chosen_by_name_by_tag_and_by_lot():
    assert [one.id for one in chosen(SUITE, cases=["c-3", "c-1"])] == ["c-1", "c-3"]
    assert len(chosen(SUITE, tags=["odd"])) == 5
    drawn = chosen(SUITE, sample=4, seed=1)
    assert drawn == chosen(SUITE, sample=4, seed=1)
    assert drawn != chosen(SUITE, sample=4, seed=2)
    assert len(drawn) == 4


@pytest.mark.parametrize("asked", [{"cases": ["c-99"]}, {"tags": ["even"]}])
def test_a_case_or_tag_that_is_not_there_is_named(asked):
    with pytest.raises(UnknownCase, match=r"c-99|even"):
        chosen(SUITE, **asked)


def test_another_gate_is_the_same_experiment_and_another_scorer_is_not():
    same = SUITE.model_copy(update={"gate": SUITE.gate.model_copy(update={"margin": 0.1})})
    other = SUITE.model_copy(update={"stubs": (Stub(tool="find_order"),)})

    known = digest(SUITE, CASES, (ONE,), 1)
    assert digest(same, CASES, (ONE,), 1) == known
    assert digest(other, CASES, (ONE,), 1) != known
    assert digest(SUITE, CASES, (ONE,), 2) != known


def test_a_trial_carries_the_tags_and_the_cluster_of_its_case():
    case = Case(id="c-1", input="Where?", tags=("critical",), cluster="c-311")
    suite = SUITE.model_copy(update={"cases": (case,)})

    (one,) = planned(suite, suite.cases, matrix({"support": "v1"}, (), ()), "e-1", 1)

    assert (one.task["trial"]["tags"], one.task["trial"]["cluster"]) == (["critical"], "c-311")


def seeds(trials):
    return {(one.arm, one.case.id, one.repeat): one.task["trial"]["seed"] for one in trials}


def test_models_draw_alike_in_all_arms_and_anew_in_each_case_and_repeat():
    drawn = seeds(planned(SUITE, CASES, (ONE, OTHER), "e", repeats=3))

    of_one = {place[1:]: seed for place, seed in drawn.items() if place[0] == "now"}
    of_other = {place[1:]: seed for place, seed in drawn.items() if place[0] == "new"}
    assert of_one == of_other
    assert len(set(of_one.values())) == 10 * 3


def test_another_seed_of_the_experiment_draws_other_seeds_and_is_another_trial():
    first, same, other = (
        planned(SUITE, CASES[:1], (ONE,), "e", repeats=1, seed=seed)[0] for seed in (1, 1, 2)
    )

    assert (first.task, first.run_id) == (same.task, same.run_id)
    assert first.task["trial"]["seed"] != other.task["trial"]["seed"]
    assert first.run_id != other.run_id
