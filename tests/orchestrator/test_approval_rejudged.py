"""What people approved is judged anew before it runs: the policy may have changed meanwhile."""

from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from services.guardrail_checker.rules import ToolPolicy
from services.guardrail_checker.rules.policy import ArgumentLimit
from services.tool_executor.rules import Act
from tests.orchestrator.acting import approved, executor, gate


def test_a_limit_that_was_tightened_meanwhile_holds_for_what_was_approved():
    limits = {"issue_refund": {"amount": ArgumentLimit(max=50)}}

    verdict = gate(approved().history, ToolPolicy(argument_limits=limits))

    assert (type(verdict), verdict.rule) == (ToolBlocked, "argument_limit")


def test_an_edit_is_judged_like_what_a_model_wrote():
    limits = {"issue_refund": {"amount": ArgumentLimit(max=10)}}

    verdict = gate(approved(edit=True).history, ToolPolicy(argument_limits=limits))

    assert verdict.rule == "argument_limit"


def test_a_policy_that_wants_other_people_by_now_asks_them():
    policy = ToolPolicy(review_effects=("money",), review_roles=("treasurer",))

    verdict = gate(approved().history, policy)

    assert isinstance(verdict, ToolEscalated)
    assert verdict.roles == ("treasurer",)


def test_a_second_question_about_one_call_is_decided_anew():
    asking = approved()
    asking.changes = {"roles": ("treasurer",)}
    asking.escalate(asking.history.facts[-1])
    asking.decide()
    asking.answer("tom", review_id="1-1-2", roles=("treasurer",))
    asking.decide()
    policy = ToolPolicy(review_effects=("money",), review_roles=("treasurer",))

    verdict = gate(asking.history, policy)

    assert isinstance(verdict, ToolCleared)
    assert isinstance(executor(asking.history), Act)
