"""The conversation of a run: what a model saw at each step, rebuilt from facts alone.

It depends only on what was settled before a step was requested, so that it can be rebuilt later,
whatever came after; the digest in `model.requested` proves it.
"""

from ..guardrail import ResultCleared, TaskCleared, ToolBlocked
from ..model import ModelResponded, Prompt, Text, ToolOffer, ToolResult, Turn
from ..review import ReviewDecided
from ..shape import sha256_hex
from .state import Call, Run, Step, Try

WITHHELD = "The result of this call was withheld by a content check."


def prompt(run: Run, step: int | None = None) -> Prompt:
    """Everything that the model sees at `step`; at the next one where none is given.

    Raises:
        ValueError: the run has not started.
    """
    if run.started is None:
        raise ValueError(f"run {run.tenant}/{run.run_id} has not started: it has no prompt yet")
    started = run.started.body
    return Prompt(
        instructions=started.agent.instructions,
        turns=conversation(run, step),
        tools=tuple(
            ToolOffer(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in started.tools
        ),
    )


def canonical(of: Prompt) -> bytes:
    """The bytes that a digest is taken of; also the length that a hold is measured by."""
    return of.model_dump_json(exclude_none=True).encode()


def digest(of: Prompt) -> str:
    """SHA-256 of the canonical bytes."""
    return sha256_hex(canonical(of))


def conversation(run: Run, step: int | None = None) -> tuple[Turn, ...]:
    """The turns before `step`: the task, then each answer of the model with its tool results."""
    if run.verdict is None or not isinstance(run.verdict.body, TaskCleared):
        return ()
    turns = [Turn(role="user", parts=(Text(text=run.verdict.body.input),))]
    for each in run.steps[: None if step is None else step - 1]:
        turns.extend(_turns(each))
    return tuple(turns)


def labels(run: Run, step: int | None = None) -> tuple[str, ...]:
    """The integrity labels of everything that the model had read before `step`, sorted."""
    found: set[str] = set()
    if run.verdict is not None and isinstance(run.verdict.body, TaskCleared):
        found.update(run.verdict.body.labels)
    for each in run.steps[: None if step is None else step - 1]:
        for call in each.calls:
            if call.result is not None and isinstance(call.result.body, ResultCleared):
                found.add(call.result.body.label)
    return tuple(sorted(found))


def told(call: Call) -> ToolResult | None:
    """What the model is told of a call; None while that is not settled."""
    match call.result.body if call.result is not None else None:
        case ResultCleared() as cleared:
            return _result(call, cleared.text, is_error=cleared.is_error)
        case None:
            sentence = _refusal(call.last) if call.last is not None else None
            return None if sentence is None else _result(call, sentence, is_error=True)
        case _:
            return _result(call, WITHHELD, is_error=True)


def _turns(step: Step) -> list[Turn]:
    if step.outcome is None or not isinstance(step.outcome.body, ModelResponded):
        return []
    turns = [Turn(role="assistant", parts=step.outcome.body.parts)]
    results = tuple(result for call in step.calls if (result := told(call)) is not None)
    if results:
        turns.append(Turn(role="tool", parts=results))
    return turns


def _refusal(last: Try) -> str | None:
    """The sentence for a call that brought no result, if that is settled."""
    if last.review is not None:
        decided = last.review.decided
        return None if decided is None else _decision(last, decided.body)
    if last.verdict is not None and isinstance(last.verdict.body, ToolBlocked):
        return f"This call was refused: {last.verdict.body.reason}"
    return None


def _decision(last: Try, decided: ReviewDecided) -> str | None:
    assert last.review is not None, "a decision belongs to a review"
    about_outcome = last.review.requested.body.about == "outcome"
    match decided.outcome:
        case "approved" if about_outcome:
            return "A person found that this call did take effect. Its result is not known."
        case "rejected" if about_outcome:
            return "A person found that this call did not take effect."
        case "approved" | "withdrawn":
            return None
        case "rejected":
            return f"A person refused this call: {decided.reason or 'no reason was given'}"
        case "expired":
            return "Nobody answered in time, so this call was refused."


def _result(call: Call, text: str, *, is_error: bool) -> ToolResult:
    return ToolResult(call_id=call.part.call_id, parts=(Text(text=text),), is_error=is_error)
