"""One sentence for people about each kind of fact: what happened, and by which rule."""

from contracts.control import (
    InputRefused,
    InputSubmitted,
    InputTaken,
    RunCancelRequested,
)
from contracts.envelope import Fact
from contracts.evaluation import RunEvaluated, RunLabelled
from contracts.guardrail import (
    AnswerBlocked,
    AnswerCleared,
    InputBlocked,
    InputCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
    ToolBlocked,
    ToolCleared,
    ToolEscalated,
    Verdict,
)
from contracts.money import (
    ModelFunded,
    ModelUnfunded,
    MoneySettled,
    ToolFunded,
    ToolUnfunded,
)
from contracts.review import (
    ReviewAnswered,
    ReviewAnswerRefused,
    ReviewDecided,
    ReviewEscalated,
    ReviewRequested,
)
from contracts.run import (
    AnswerProposed,
    RunArchived,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunRedriven,
    RunStarted,
)
from contracts.shape import Body
from contracts.task import (
    TaskConflicted,
    TaskDelegated,
    TaskPutToCheck,
    TaskPutToJudge,
    TaskScheduled,
    TaskSubmitted,
)
from contracts.tool import (
    ToolCallsRefused,
    ToolClaimed,
    ToolFailed,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)
from services.console.rules.words.amounts import short, usd
from services.console.rules.words.findings import found
from services.console.rules.words.model_sentences import model_sentence
from services.console.rules.words.origins import configured, origin
from services.console.rules.words.standing import standing


def sentence(fact: Fact[Body]) -> str:
    """What a fact says; its type alone where it is of a newer release."""
    for tell in (_task, _verdict, model_sentence, _money, _tool, _review, standing, _input, _run):
        told = tell(fact.body)
        if told is not None:
            return told
    return fact.type


def _task(body: Body) -> str | None:
    match body:
        case TaskDelegated(agent=agent, input=text, parent=parent):
            return f"run {parent.run_id} asks {agent}: {short(text)}"
        case TaskPutToCheck(agent=agent, checking=checking):
            return f"{agent} is asked by the check {checking.check} of run {checking.run_id}"
        case TaskPutToJudge(agent=agent, judging=judging):
            return f"{agent} is asked to judge run {judging.run_id}"
        case TaskScheduled(agent=agent, input=text, schedule=schedule):
            return f"{agent} is asked by the clock ({schedule}): {short(text)}"
        case TaskSubmitted(agent=agent, input=text):
            return f"{agent} is asked: {short(text)}"
        case TaskConflicted(reason=reason):
            return f"a second task under this name was refused: {reason}"
        case RunStarted() as started:
            limits = started.limits
            return (
                f"{origin(started)}{started.agent.name}@{started.agent_version}: at most "
                f"{limits.steps} steps, {usd(limits.budget_micro_usd)}, until "
                f"{started.deadline:%H:%M:%S}{configured(started)}"
            )
        case _:
            return None


def _verdict(body: Body) -> str | None:
    if not isinstance(body, Verdict):
        return None
    return f"{_gate(body)} [{body.rule}: {body.reason}{found(body.findings)}]"


def _gate(verdict: Verdict) -> str:
    match verdict:
        case TaskCleared():
            return "the task may be shown to a model"
        case TaskBlocked():
            return "the task is refused"
        case AnswerCleared():
            return "the answer may leave"
        case AnswerBlocked():
            return "the answer is withheld"
        case InputCleared(text=text):
            return f"it may be shown to the model: {short(text)}"
        case InputBlocked():
            return "it is not shown to the model"
        case _:
            return _call_gate(verdict)


def _call_gate(verdict: Verdict) -> str:
    match verdict:
        case ToolCleared(call=call, tool=tool):
            return f"call {call} of {tool} may run"
        case ToolBlocked(call=call):
            return f"call {call} is refused"
        case ToolEscalated(call=call, roles=roles):
            return f"call {call} needs a person ({', '.join(roles)})"
        case ResultCleared(call=call, label=label, text=text):
            what = "as it is" if text is None else short(text)
            return f"the model sees the result of {call} as {label}: {what}"
        case ResultBlocked(call=call):
            return f"the result of {call} is withheld"
        case _:
            return "a verdict"


def _money(body: Body) -> str | None:
    match body:
        case ModelFunded() as funded:
            left = min((one.remaining_micro_usd for one in funded.budgets), default=None)
            rest = "" if left is None else f"; {usd(left)} left in the tightest budget"
            return f"{usd(funded.amount_micro_usd)} held for one attempt{rest}"
        case ModelUnfunded(rule=rule, reason=reason):
            return f"no money [{rule}: {reason}]"
        case ToolFunded(call=call) as held:
            return f"{usd(held.amount_micro_usd)} held for call {call}"
        case ToolUnfunded(call=call, rule=rule, reason=reason):
            return f"no money for call {call} [{rule}: {reason}]"
        case MoneySettled() as settled:
            of = f"of {usd(settled.held_micro_usd)} held"
            why = f": {settled.reason}" if settled.reason else ""
            return f"{settled.state}: {usd(settled.cost_micro_usd)} {of}{why}"
        case _:
            return None


def _tool(body: Body) -> str | None:
    match body:
        case ToolRequested() as asked:
            again = f", attempt {asked.attempt}" if asked.attempt > 1 else ""
            return f"call {asked.call}{again}: {asked.tool}({short(asked.arguments_json)})"
        case ToolClaimed(call=call, state="revoked"):
            return f"call {call} is called off before it began"
        case ToolClaimed(call=call, child_run_id=str(child)):
            return f"call {call} is answered by run {child}"
        case ToolClaimed(call=call):
            return f"call {call} starts"
        case ToolSucceeded() as done:
            cut = " (truncated)" if done.truncated else ""
            returned = "returned" if done.replayed_from is None else "is told the recorded"
            return f"call {done.call} {returned} {short(done.output_json)}{cut}"
        case ToolFailed(call=call, kind=kind, reason=reason):
            return f"call {call} failed, {kind}: {short(reason)}"
        case ToolCallsRefused(after=after, calls=calls):
            return f"{calls} calls of this response are not made, for it may ask for {after}"
        case ToolUnknown(call=call, reason=reason):
            return f"nobody knows whether call {call} took effect: {short(reason)}"
        case _:
            return None


def _review(body: Body) -> str | None:
    match body:
        case ReviewRequested() as asked:
            about = "may it run" if asked.about == "call" else "did it take effect"
            people = f"{asked.quorum} of " if asked.quorum > 1 else ""
            return (
                f"asks {people}{', '.join(asked.roles)}: "
                f"{asked.tool}({short(asked.arguments_json)}), {about}? [{asked.reason}]"
            )
        case ReviewAnswered() as answer:
            return f"{answer.principal} says {answer.decision}{_what(answer)}"
        case ReviewEscalated(level=level, roles=roles):
            return f"nobody answered yet, so {', '.join(roles)} may too (level {level})"
        case ReviewDecided() as decided:
            who = ", ".join(f"{one.principal} as {one.role}" for one in decided.approvers)
            return decided.outcome + (f" by {who}" if who else "") + _what(decided)
        case ReviewAnswerRefused(rule=rule, principal=principal, reason=reason):
            return f"the answer of {principal} does not count [{rule}: {reason}]"
        case _:
            return None


def _what(said: ReviewAnswered | ReviewDecided) -> str:
    """What a person wrote of their own: other arguments, a response, a reason."""
    wrote = said.arguments_json or said.response
    what = "" if wrote is None else f" {short(wrote)}"
    return what + (f": {said.reason}" if said.reason else "")


def _input(body: Body) -> str | None:
    match body:
        case InputSubmitted(policy=policy, text=text):
            return f"is given more ({policy}): {short(text)}"
        case InputTaken(step=step):
            return f"the model sees it from step {step} on"
        case InputRefused(rule=rule, reason=reason):
            return f"it is not taken [{rule}: {reason}]"
        case _:
            return None


def _run(body: Body) -> str | None:
    match body:
        case AnswerProposed(text=text):
            return f"wants to answer: {short(text)}"
        case RunCancelRequested(principal=principal, reason=reason):
            return f"{principal} wants it to end" + (f": {reason}" if reason else "")
        case RunCompleted(steps=steps):
            return f"answered after {steps} step{'' if steps == 1 else 's'}"
        case RunFailed(rule=rule, reason=reason):
            return f"no answer [{rule}: {reason}]"
        case RunCancelled(principal=principal, reason=reason):
            return f"ended by {principal}" + (f": {reason}" if reason else "")
        case RunRedriven(service=service, principal=principal, sequence=sequence):
            return f"{principal} has {service} handle fact {sequence} again"
        case RunArchived(facts=facts):
            return f"its {facts} facts left the log"
        case RunLabelled() as label:
            return label.told
        case RunEvaluated(passed=passed, assertions=scores, not_asked=spared):
            held = f"{sum(one.passed for one in scores)} of {len(scores)}"
            more = f"; judges not asked of {', '.join(spared)}" if spared else ""
            return f"{'passed' if passed else 'not passed'}: {held} assertions hold{more}"
        case _:
            return None
