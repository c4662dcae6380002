"""Runs with much to tell, for tests of the decision record."""

from pathlib import Path

from contracts.export import read, read_header
from contracts.guardrail import AnswerBlocked, CheckFinding, ResultCleared, ToolBlocked
from contracts.model import (
    AttemptFailure,
    ModelAttemptRequested,
    ModelFailed,
    Refusal,
    Route,
    Stop,
)
from contracts.money import BudgetShare, ModelUnfunded
from contracts.run import AnswerProposed, RunFailed
from shared.signing import Keyring
from tests.bodies import NOON, VERDICT, claimed, manifest, model_funded, responded, settled
from tests.histories import History

RECORDED = sorted((Path(__file__).parents[1] / "recorded").glob("*.jsonl"))
DOWN = Route(provider="openai", api="openai.chat", model="large")
FALLBACK = Route(provider="anthropic", api="anthropic.messages", model="small")


def recorded(path):
    """A run that was recorded on a real platform, with those that it grew from."""
    content = path.read_bytes()
    return read(content, Keyring(read_header(content).keys))


def failure(kind="unavailable", route=DOWN):
    return AttemptFailure(
        kind=kind, route=route, reason="overloaded", http_status=503, billed="nothing"
    )


def fell_back():
    """A run whose first route is down: another attempt, on another one, is answered."""
    history = History()
    history.begin(manifest())
    first = history.ask(history.facts[-1])
    funded = history.fund(first)
    history.say(claimed().model_copy(update={"route": DOWN}), funded)
    again = history.say(
        ModelAttemptRequested(
            step=1,
            attempt=2,
            role="fallback",
            route=FALLBACK,
            not_before=NOON,
            previous=failure(),
        ),
        funded,
    )
    history.say(settled(1, 1, 0), first)
    history.complete(history.answer(history.fund(again), "It was shipped."))
    return history


def no_money():
    """A run whose second step nobody pays for."""
    history = History()
    history.begin(manifest())
    first = history.step(calls=[("find_order", "{}")])
    asked = history.ask(history.use(first))
    reason = "tenant:acme has 100 micro-dollars left; this may cost 5000"
    history.say(
        ModelUnfunded(
            step=2,
            attempt=1,
            rule="budget_exhausted",
            budget="tenant:acme",
            needed_micro_usd=5_000,
            remaining_micro_usd=100,
            reason=reason,
        ),
        asked,
    )
    history.say(RunFailed(rule="money_ceiling", reason=reason, steps=1), history.root)
    return history


def out_of_routes():
    """A run of whose only attempt nothing came."""
    history = History()
    history.begin()
    asked = history.ask(history.facts[-1])
    funded = history.fund(asked)
    history.say(claimed(), funded)
    history.say(ModelFailed(step=1, attempt=1, failure=failure("timed_out")), funded)
    history.say(RunFailed(rule="model_failed", reason="overloaded", steps=1), history.root)
    return history


def refused_by_model(words="I will not help with that."):
    """A run whose model refuses."""
    history = History()
    history.begin()
    funded = history.fund(history.ask(history.facts[-1]))
    history.say(claimed(), funded)
    said = responded(text="").model_copy(
        update={"parts": (Refusal(text=words),), "stop": Stop(kind="refused", raw="refusal")}
    )
    history.say(said, funded)
    history.say(RunFailed(rule="model_refused", reason=words, steps=1), history.root)
    return history


def blocked_call():
    """A run with two calls: one is refused, of the other the result is redacted."""
    history = History()
    history.begin(manifest(), manifest("send_email"))
    first = history.step(calls=[("find_order", "{}"), ("send_email", '{"to":"eve"}')])
    wanted = history.call(first, 2)
    verdict = {**VERDICT, "rule": "tainted_destination", "reason": "it came from outside"}
    history.say(ToolBlocked(**verdict, call="1-2", attempt=1), wanted)
    ran = history.run_tool(history.clear(history.call(first, 1)))
    found = CheckFinding(check="pii", severity="redact", rule="email", reason="an address")
    cleared = ResultCleared(
        **{**VERDICT, "findings": (found,)}, call="1-1", text="***", label="external"
    )
    history.complete(history.step(history.say(cleared, ran), text="Done."))
    return history


def withheld_answer():
    """A run whose answer the gate does not let go."""
    history = History()
    history.begin()
    said = history.step(text="You get 500.")
    proposed = history.say(AnswerProposed(step=1, text="You get 500."), said)
    verdict = {**VERDICT, "rule": "ungrounded", "reason": "500 stands in no source"}
    history.say(AnswerBlocked(**verdict), proposed)
    failed = RunFailed(rule="answer_blocked", reason="ungrounded: 500 stands nowhere", steps=1)
    history.say(failed, history.root)
    return history


def over_the_ceiling():
    """A run that used up its steps."""
    history = History()
    history.begin(manifest())
    history.use(history.step(calls=[("find_order", "{}")]))
    history.say(RunFailed(rule="step_ceiling", reason="12 are used up", steps=1), history.root)
    return history


def funded_with(history, asked, remaining):
    """A hold that tells what it left in which budget."""
    share = BudgetShare(budget="tenant:acme", remaining_micro_usd=remaining)
    funded = model_funded(asked.body.step, asked.body.attempt)
    return history.say(funded.model_copy(update={"budgets": (share,)}), asked)


def parts(record, name):
    """One field of each."""
    return [getattr(one, name) for one in record]


def pieces_of(turn):
    """What is a block of its own: each result of a tool, else the whole turn."""
    return turn.parts if turn.role == "tool" else (turn,)
