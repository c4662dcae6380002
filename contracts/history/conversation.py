"""The conversation of a run: what a model saw at each step, rebuilt from facts alone.

It depends only on what was settled before a step was requested, so that it can be rebuilt later,
whatever came after; the digest in `model.requested` proves it. Each turn is digested once, and a
prompt by the digests of its turns: a step costs what is new, and not the whole history again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ..guardrail import ResultCleared, TaskCleared
from ..labels import joined
from ..model import ModelResponded, Part, Prompt, Text, ToolOffer, ToolResult, Turn
from ..run import Ancestor, ContextCompacted, RunCompleted
from ..shape import Body, sha256_hex
from .shown import INHERITED, Shown, inputs_before, inputs_through, shown
from .state import Call, Piece, Run, Step
from .telling import told

CLEARED = "[The result of this call was cleared to make room. Call the tool again if you need it.]"
CALLED_OFF = "This call was called off."
SUMMARY_ASKED = (
    "Summarise the work so far for yourself: what was asked, what was found out with exact names, "
    "ids and figures, what was done, what is left. Only this summary will remain of it."
)
SUMMARY_GIVEN = "A summary of the work so far, in place of the conversation itself:\n\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """What `model.requested` says of a prompt: its digest, and the bytes of its canonical JSON."""

    sha256: str
    length: int


def prompt(run: Run, step: int | None = None) -> Prompt:
    """Everything that the model sees at `step`; at the next one where none is given.

    Raises:
        ValueError: the run has not started, or the run that it grew from was not read with it.
    """
    head = _head(run, summary=_is_summary(run, step))
    return head.model_copy(update={"turns": conversation(run, step)})


def canonical(of: Body) -> bytes:
    """The bytes that a digest is taken of; also the length that a hold is measured by."""
    return of.model_dump_json(exclude_none=True).encode()


def digest(of: Prompt) -> str:
    """SHA-256 over the digests of its head (instructions and tools) and of each turn."""
    head = canonical(of.model_copy(update={"turns": ()}))
    return _digest(head, tuple(piece_of(turn) for turn in of.turns))


def measure(
    run: Run,
    step: int | None = None,
    *,
    summary: bool = False,
    tried: ContextCompacted | None = None,
) -> Measured:
    """Digest and length of the prompt at `step`, without making it anew.

    `summary` measures the next step as one that would ask for a summary, `tried` as it would be
    after one more compaction.
    """
    found = pieces(run, step, tried)
    if summary and step is None:
        found = (*found, _ASKING)
    head = canonical(_head(run, summary=summary or _is_summary(run, step)))
    commas = max(0, len(found) - 1)
    length = len(head) + sum(piece.length for piece in found) + commas
    return Measured(_digest(head, found), length)


def conversation(run: Run, step: int | None = None) -> tuple[Turn, ...]:
    """The turns before `step`: the task, then each answer of the model with its tool results."""
    return tuple(piece.turn for piece in pieces(run, step))


def pieces(
    run: Run, step: int | None = None, tried: ContextCompacted | None = None
) -> tuple[Piece, ...]:
    """The conversation before `step` as far as it is still shown, turn by turn."""
    if run.verdict is None or not isinstance(run.verdict.body, TaskCleared):
        return ()
    view = shown(run, len(run.steps) + 1 if step is None else step, tried)
    asking = (_ASKING,) if _is_summary(run, step) else ()
    return (*_opening(run, run.verdict.body, view), *_since(run, view), *asking)


def labels(run: Run, step: int | None = None) -> tuple[str, ...]:
    """The labels of everything that was read before `step`: integrity, and who may see it all.

    Also of what the model does not see any more: it may have passed it on in its own words.
    """
    at = len(run.steps) + 1 if step is None else step
    found: set[str] = set()
    grown = run.started.body.ancestor if run.started is not None else None
    if grown is not None:
        found.update(labels(_ancestor(run, grown), grown.step))
    if run.verdict is not None and isinstance(run.verdict.body, TaskCleared):
        found.update(run.verdict.body.labels)
    found.update(label for given in inputs_through(run, at) for label in given.labels)
    for each in run.steps[: at - 1]:
        for call in each.calls:
            if call.result is not None and isinstance(call.result.body, ResultCleared):
                found.update((call.result.body.label, *call.result.body.labels))
    return joined(found)


def freeze(step: Step) -> None:
    """Keep what the step adds to the conversation, for a later step was built on it."""
    step.frozen = segment(step)


def segment(step: Step) -> tuple[Piece, ...]:
    """What one step adds: the model's turn, and what it was told of its calls.

    It is asked for once another step follows, or none any more: a call that has brought nothing
    by then was called off.
    """
    if step.frozen is not None:
        return step.frozen
    if step.is_summary or step.outcome is None or not isinstance(step.outcome.body, ModelResponded):
        return ()
    turns = [Turn(role="assistant", parts=step.outcome.body.parts)]
    results = tuple(_told(call) for call in step.calls)
    if results:
        turns.append(Turn(role="tool", parts=results))
    return tuple(piece_of(turn) for turn in turns)


def piece_of(turn: Turn) -> Piece:
    content = canonical(turn)
    return Piece(turn, sha256_hex(content), len(content))


def _opening(run: Run, task: TaskCleared, view: Shown) -> Iterator[Piece]:
    """What comes before the first step: what was inherited, the task, a summary."""
    grown = run.started.body.ancestor if run.started is not None else None
    inherits = grown is not None and view.has(INHERITED)
    if inherits:
        for piece in _inherited(run):
            yield clear(piece) if view.cleared >= INHERITED else piece
    # A fork goes on in the middle of another run, whose task is the first of those turns.
    if grown is None or grown.kind == "continues" or not inherits:
        yield _said("user", task.input)
    if view.summary is not None:
        yield _said("user", SUMMARY_GIVEN + view.summary)


def _since(run: Run, view: Shown) -> Iterator[Piece]:
    """Steps and follow-ups, in the order in which they came."""
    for step in run.steps[: view.at - 1]:
        if step.number >= view.back:
            yield from (_said("user", given.text) for given in inputs_before(run, step.number))
        if view.has(step.number):
            yield from _without_results(step) if step.number <= view.cleared else segment(step)
    yield from (_said("user", given.text) for given in inputs_before(run, view.at))


def _inherited(run: Run) -> tuple[Piece, ...]:
    assert run.started is not None, "a run grows from another when it starts"
    grown = run.started.body.ancestor
    assert grown is not None, "asked for where it grew from another"
    before = _ancestor(run, grown)
    return pieces(before, grown.step) if grown.kind == "fork" else _whole(before)


def _ancestor(run: Run, grown: Ancestor) -> Run:
    """A part of what was read, or of its labels, would be worse than none."""
    if run.ancestor is None:
        raise ValueError(f"run {run.run_id} grew from {grown.run_id}, which was not read with it")
    return run.ancestor


def _whole(run: Run) -> tuple[Piece, ...]:
    """The conversation of a run that is over, with its answer as it was cleared."""
    if run.step is None:
        return pieces(run)
    before = pieces(run, run.step.number)
    if run.end is not None and isinstance(run.end.body, RunCompleted):
        return (*before, _said("assistant", run.end.body.answer))
    return (*before, *segment(run.step))


def _without_results(step: Step) -> tuple[Piece, ...]:
    if step.cleared is not None:
        return step.cleared
    found = tuple(clear(piece) for piece in segment(step))
    if step.frozen is not None:
        step.cleared = found
    return found


def clear(piece: Piece) -> Piece:
    """The piece with the text taken out of its tool results."""
    if piece.turn.role != "tool":
        return piece
    parts = tuple(_cleared(part) for part in piece.turn.parts)
    return piece_of(piece.turn.model_copy(update={"parts": parts}))


def _cleared(part: Part) -> Part:
    if not isinstance(part, ToolResult):
        return part
    return part.model_copy(update={"parts": (Text(text=CLEARED),)})


def _told(call: Call) -> ToolResult:
    off = (Text(text=CALLED_OFF),)
    return told(call) or ToolResult(call_id=call.part.call_id, parts=off, is_error=True)


def _said(role: str, text: str) -> Piece:
    return piece_of(Turn.model_validate({"role": role, "parts": (Text(text=text),)}))


_ASKING = _said("user", SUMMARY_ASKED)


def _is_summary(run: Run, step: int | None) -> bool:
    return step is not None and step <= len(run.steps) and run.steps[step - 1].is_summary


def _head(run: Run, *, summary: bool) -> Prompt:
    """The prompt without its turns. A summary calls no tools."""
    if run.started is None:
        raise ValueError(f"run {run.tenant}/{run.run_id} has not started: it has no prompt yet")
    started = run.started.body
    offers = tuple(
        ToolOffer(name=tool.name, description=tool.description, parameters=tool.parameters)
        for tool in started.tools
    )
    return Prompt(
        instructions=started.agent.instructions, turns=(), tools=() if summary else offers
    )


def _digest(head: bytes, turns: tuple[Piece, ...]) -> str:
    return sha256_hex("\n".join((sha256_hex(head), *(turn.sha256 for turn in turns))).encode())
