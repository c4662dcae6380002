"""What a judge sees of a run: the task, each call with what the agent was told of it, the answer.

It was written by others, so it is treated as hostile: no line of it can look like a heading or like
a marker, and what cannot be seen is taken out. It is bounded: what is too long is cut in the
middle, and the judge is told so. It ends with the run: what came later was nothing to the agent.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.guardrail import TaskCleared
from contracts.history import Call, Run, Step, told
from contracts.history.shown import inputs_before
from contracts.model import ModelResponded, Text
from services.evaluator.scorers.outcome import answer_of, no_answer

PART_LIMIT_CHARACTERS = 16_000
TRANSCRIPT_LIMIT_CHARACTERS = 100_000
MARGIN = "| "
NO_RESULT = "nothing came back before the run ended"
# All that looks like the brackets of a marker, in any script.
_BRACKETS = re.compile(
    r"[<>\u2039\u203a\u00ab\u00bb\u2329\u232a\u27e8-\u27eb\u3008-\u300b\ufe64\ufe65\uff1c\uff1e]{2,}"
)
_KEPT_CONTROLS = "\n\t"


@dataclass(frozen=True, slots=True)
class Part:
    """One heading and what stands below it, already harmless and within its limit."""

    heading: str
    text: str

    def __str__(self) -> str:
        lines = "\n".join(MARGIN + line for line in self.text.splitlines() or [""])
        return f"{self.heading}\n{lines}\n"


@dataclass(frozen=True, slots=True)
class Transcript:
    """The parts of a run in their order, and its answer apart, which may be compared."""

    parts: tuple[Part, ...]
    answer: Part

    @property
    def text(self) -> str:
        """Everything in it without headings: where quotes must be found."""
        return "\n".join(part.text for part in (*self.parts, self.answer))


def transcript_of(run: Run) -> Transcript:
    """What a judge sees of a run that has ended."""
    parts = [part("TASK", _task(run))]
    for step in run.steps:
        parts += _of_step(run, step)
    answer = answer_of(run)
    last = part("ANSWER", no_answer(run).reason if answer is None else answer)
    return transcript(parts, last)


def transcript(parts: Sequence[Part], answer: Part) -> Transcript:
    """These parts, those in the middle left out where they are too many."""
    kept, left_out = list(parts), 0
    size = sum(len(str(one)) for one in kept)
    while size > TRANSCRIPT_LIMIT_CHARACTERS and len(kept) > 1:
        # Of the parts behind the task: why the run began is always told.
        gone = kept.pop(max(1, len(kept) // 2))
        size -= len(str(gone))
        left_out += 1
    if left_out:
        kept.insert(max(1, (len(kept) + 1) // 2), Part(f"[{left_out} PARTS ARE LEFT OUT HERE]", ""))
    return Transcript(tuple(kept), answer)


def part(heading: str, text: str) -> Part:
    """One part of a transcript, from a text that anybody may have written."""
    return Part(heading, cut(harmless(text)))


def harmless(text: str) -> str:
    """The text without what could pass for a marker, or could not be seen.

    Brackets that stand together become round ones, lines end in one way, and characters that show
    nothing (controls, zero width, lone surrogates) are gone.
    """
    seen = "".join(one for one in "\n".join(text.splitlines()) if _is_shown(one))
    return _BRACKETS.sub(lambda found: "(" * len(found[0]), seen)


def cut(text: str, limit: int = PART_LIMIT_CHARACTERS) -> str:
    """At most about `limit` characters of it: the beginning and the end, and what is missing."""
    if len(text) <= limit:
        return text
    half = limit // 2
    missing = len(text) - 2 * half
    return f"{text[:half]}\n[{missing} characters are left out here]\n{text[-half:]}"


def _is_shown(character: str) -> bool:
    return character in _KEPT_CONTROLS or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}


def _task(run: Run) -> str:
    if run.verdict is not None and isinstance(run.verdict.body, TaskCleared):
        return run.verdict.body.input
    return run.submitted.body.input if run.submitted is not None else ""


def _of_step(run: Run, step: Step) -> Iterator[Part]:
    for given in inputs_before(run, step.number):
        yield part("THE USER ADDS", given.text)
    said = step.outcome.body if step.outcome is not None else None
    # Without calls it is the answer, which stands at the end.
    if isinstance(said, ModelResponded) and step.calls and said.text:
        yield part(f"STEP {step.number}: THE AGENT WRITES", said.text)
    for call in step.calls:
        yield part(f"CALL {call.name} OF {call.part.name}", _arguments(call))
        yield part(f"WHAT CALL {call.name} GAVE", _result(run, call))


def _arguments(call: Call) -> str:
    """As they ran: a person may have changed them."""
    if call.last is not None:
        return call.last.request.body.arguments_json
    return call.part.arguments_json


def _result(run: Run, call: Call) -> str:
    after_the_end = (
        run.end is not None and call.result is not None and call.result.sequence > run.end.sequence
    )
    known = None if after_the_end else told(call)
    if known is None:
        return NO_RESULT
    return "\n".join(one.text for one in known.parts if isinstance(one, Text))
