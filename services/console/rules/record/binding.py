"""Why a step went as it did: which rule or limit bound it, and what would have changed that."""

from collections.abc import Iterator

from pydantic import Field

from contracts.control import InputTaken
from contracts.envelope import Fact
from contracts.history import Review, Run, Step, Try
from contracts.history.approval import moment_of
from contracts.model import ModelFailed, ModelResponded
from contracts.money import ModelUnfunded
from contracts.tool import ToolFailed, ToolUnknown
from services.console.rules.record.amounts import dollars, duration
from services.console.rules.record.content import Recorded
from services.console.rules.record.route import failure_of, named
from services.console.rules.record.verdicts import verdicts_of


class Reason(Recorded):
    """One thing that bound a step, in a sentence, and what would have made it go otherwise."""

    sentence: str
    rule: str | None
    otherwise: str
    sequence: int = Field(description="The fact that decided it")


def reasons_of(run: Run, step: Step) -> tuple[Reason, ...]:
    """What bound a step, in log order; nothing where everything was free to go."""
    found = (*_context(run, step), *_model(step), *_gates(run, step), *_calls(run, step))
    return tuple(sorted(found, key=lambda one: one.sequence))


def lets_through(gate: str, rule: str, version: str) -> str:
    """What a gate would have let go."""
    what = "a call" if gate == "tool" else "a text"
    return f"{what} that {rule} of {version} has nothing against"


def unfunded(fact: Fact[ModelUnfunded]) -> Reason:
    """Money that did not reach."""
    said = fact.body
    if said.rule != "budget_exhausted" or said.budget is None:
        otherwise = {
            "no_price": "a price for the model in prices.yaml",
            "no_route": "a route of the alias in models.yaml that has a price",
            "ledger_unavailable": "a ledger that answers",
        }
        return Reason(
            sentence=f"No money was held: {said.reason}.",
            rule=said.rule,
            otherwise=otherwise.get(said.rule, "an open run"),
            sequence=fact.sequence,
        )
    missing = said.needed_micro_usd - said.remaining_micro_usd
    return Reason(
        sentence=(
            f"The budget {said.budget} had {dollars(said.remaining_micro_usd)} left, and the "
            f"attempt could have cost {dollars(said.needed_micro_usd)}."
        ),
        rule=said.rule,
        otherwise=(
            f"{dollars(missing)} more in {said.budget}, or a shorter prompt or output"
            if missing > 0
            else f"a budget {said.budget} that is not frozen"
        ),
        sequence=fact.sequence,
    )


def _context(run: Run, step: Step) -> Iterator[Reason]:
    for fact in run.compactions:
        said = fact.body
        if said.step == step.number:
            yield Reason(
                sentence=(
                    f"The model saw {said.bytes_after:,} bytes of {said.bytes_before:,}: the "
                    f"context policy made room ({said.kind}, through step {said.through_step})."
                ),
                rule=f"context_{said.kind}",
                otherwise="a model that takes more, or another context policy of the agent",
                sequence=fact.sequence,
            )
    for given in run.inputs:
        taken = given.end
        said_of = taken.body if taken is not None else None
        if taken is None or not isinstance(said_of, InputTaken) or said_of.step != step.number:
            continue
        if said_of.policy != "enqueue":
            yield Reason(
                sentence=f"Somebody gave it more input ({said_of.policy}).",
                rule=f"input_{said_of.policy}",
                otherwise="no such input",
                sequence=taken.sequence,
            )


def _model(step: Step) -> Iterator[Reason]:
    for attempt in step.attempts:
        match attempt.verdict:
            case Fact(body=ModelUnfunded()) as fact:
                yield unfunded(fact)
        failure = failure_of(step, attempt)
        following = step.attempts[attempt.number : attempt.number + 1]
        if failure is not None:
            told = following[0].request if following else step.outcome
            assert told is not None, "somebody told why it failed"
            where = named(failure.route) if failure.route is not None else "It"
            role = getattr(told.body, "role", None)
            became = f"so there was a {role}" if role else "and no attempt was left"
            yield Reason(
                sentence=f"{where} brought no answer ({failure.kind}), {became}.",
                rule=failure.kind,
                otherwise=f"an answer of {where}" if role else "another route of the alias",
                sequence=told.sequence,
            )
    if step.outcome is not None and isinstance(step.outcome.body, ModelResponded):
        yield from _stop(step, step.outcome, step.outcome.body)


def _stop(
    step: Step, fact: Fact[ModelResponded] | Fact[ModelFailed], said: ModelResponded
) -> Iterator[Reason]:
    for name in (one.name for one in said.dropped):
        yield Reason(
            sentence=f"{named(said.served_by.route)} cannot take {name}, which was left out.",
            rule="dropped_parameter",
            otherwise="a route that takes it",
            sequence=fact.sequence,
        )
    if said.stop.kind == "truncated":
        cap = step.requested.body.max_output_tokens
        sentence = f"The answer was cut off at the cap of {cap:,} tokens."
        otherwise = "more output_tokens in the limits of the agent"
    elif said.stop.kind == "refused":
        sentence = f"The model refused ({said.stop.raw or 'it gave no reason'})."
        otherwise = "other instructions, or another model"
    else:
        return
    yield Reason(
        sentence=sentence,
        rule=f"model_{said.stop.kind}",
        otherwise=otherwise,
        sequence=fact.sequence,
    )


def _gates(run: Run, step: Step) -> Iterator[Reason]:
    """Verdicts that held something back. What was only cleared bound nothing."""
    for one in verdicts_of(run, step):
        cut = [found for found in one.findings if found.severity == "redact"]
        if one.decision == "cleared" and not cut:
            continue
        what = {
            "cleared": "was changed before it went on",
            "blocked": "was refused",
            "escalated": f"needed a person ({', '.join(one.roles)})",
        }[one.decision]
        about = one.about[0].upper() + one.about[1:]
        changed = ", ".join(f"{each.check}: {each.reason}" for each in cut)
        yield Reason(
            sentence=f"{about} {what}: {changed or one.reason}.",
            rule=cut[0].rule if cut else one.rule,
            otherwise=lets_through(one.gate, cut[0].check if cut else one.rule, one.policy_version),
            sequence=one.sequence,
        )


def _calls(run: Run, step: Step) -> Iterator[Reason]:
    for call in step.calls:
        for each in call.tries:
            name = f"call {call.name}, {call.part.name}"
            if each.review is not None:
                yield from _review(run, each.review, name)
            yield from _outcome(each, name)


def _outcome(each: Try, name: str) -> Iterator[Reason]:
    rule: str
    match each.outcome:
        case Fact(body=ToolFailed(kind=kind), sequence=sequence):
            sentence, rule = f"The {name} failed ({kind}).", kind
        case Fact(body=ToolUnknown(), sequence=sequence):
            sentence, rule = f"Nobody can tell whether the {name} took effect.", "tool_unknown"
        case _:
            return
    yield Reason(
        sentence=sentence,
        rule=rule,
        otherwise="a tool that succeeds",
        sequence=sequence,
    )


def _review(run: Run, review: Review, name: str) -> Iterator[Reason]:
    for answer in review.answers:
        refused = run.refused_answers.get(answer.id)
        if refused is not None:
            yield Reason(
                sentence=f"The answer of {refused.principal} did not count.",
                rule=refused.rule,
                otherwise="an answer in time, in a role that is asked, to what was shown",
                sequence=answer.sequence,
            )
    if review.decided is None:
        return
    said = review.decided.body
    people = " and ".join(f"{one.principal} as {one.role}" for one in said.approvers)
    asked = review.requested.body
    if said.outcome == "expired":
        sentence = f"Nobody answered about {name} by {asked.expires_at:%H:%M:%S} UTC."
        otherwise = f"an answer of {', '.join(review.roles)} in time; unanswered: {asked.default}"
    else:
        waited = moment_of(review.decided) - moment_of(review.requested)
        after = duration(round(waited.total_seconds() * 1000))
        by = f" by {people}" if people else ""
        sentence = f"The {name} was {said.outcome}{by} after {after}."
        otherwise = "another answer of theirs"
    yield Reason(
        sentence=sentence,
        rule=f"review_{said.outcome}",
        otherwise=otherwise,
        sequence=review.decided.sequence,
    )
