"""The runs in which judges are asked, and whether what ran there is what was asked.

Their ids are derived, so that asking again asks nobody twice. Anybody who may submit tasks can take
an id before us: a run is read only if its task is ours, letter by letter, and its agent too.
"""

import json
from dataclasses import dataclass

from contracts.envelope import Fact
from contracts.evaluation import JudgeVerdict
from contracts.history import Run
from contracts.run import RunCompleted
from contracts.scoring import Judged
from contracts.shape import sha256_hex
from contracts.task import JUDGE_PREFIX, Judging, TaskLimits, TaskPutToJudge, TaskSubmitted
from contracts.trial import EVALUATION
from services.evaluator.judges.config import Judge, Jury
from services.evaluator.judges.prompts import Order, orders_of, question_text
from services.evaluator.judges.transcript import Transcript, transcript_of
from services.evaluator.judges.verdicts import Reading, read_verdict
from services.evaluator.scorers.outcome import no_answer

PRIORITY = 7  # of 9: those who wait for an answer come first
_ID_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged, and for whom it was, so that erasing a person finds the judging too."""

    tenant: str
    run_id: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """One question to one judge: the run that asks it, and where its quotes must be found."""

    run_id: str
    task: TaskPutToJudge
    judge: Judge
    order: Order
    evidence: str
    needs_quotes: bool = True


def submissions(run: Run, scorer: Judged, jury: Jury) -> tuple[Asking, ...]:
    """Every run that this scorer of an ended run needs: one a judge, two where it compares.

    The agent of each judge is in `jury`. Folding the run again gives the same submissions.
    """
    user = run.submitted.body.user if run.submitted is not None else None
    subject = Subject(run.tenant, run.run_id, user)
    return askings(subject, transcript_of(run), scorer, jury)


def askings(
    subject: Subject, transcript: Transcript, scorer: Judged, jury: Jury
) -> tuple[Asking, ...]:
    """The same for a transcript that is at hand."""
    return tuple(
        _asking(subject, transcript, scorer, judge, order)
        for judge in jury.judges
        for order in orders_of(scorer.reference)
    )


def matches(expected: Asking, found: TaskSubmitted | None) -> bool:
    """Whether the task under this id is the one that was asked."""
    return found == expected.task


def verdict_of(expected: Asking, run: Run) -> JudgeVerdict:
    """What the judge said in its run, which has ended."""
    return told(expected, _read(expected, run))


def read(expected: Asking, answer: str) -> Reading:
    """What an answer says of what was asked."""
    return read_verdict(
        answer, expected.evidence, expected.order, needs_quotes=expected.needs_quotes
    )


def told(expected: Asking, reading: Reading) -> JudgeVerdict:
    """What a judge was found to say, with who it is and what it was asked."""
    return JudgeVerdict(
        judge=expected.judge.name,
        version=expected.judge.version,
        run_id=expected.run_id,
        order=expected.order,
        says=reading.says,
        reason=reading.reason,
        evidence=reading.evidence,
        unfounded=reading.unfounded,
    )


def judge_run_id(subject: Subject, metric: str, judge: Judge, order: Order, text: str) -> str:
    """The id of the run in which a judge is asked: whoever asks the same again finds it again."""
    parts = (subject.tenant, subject.run_id, metric, judge.name, order, judge.version, text)
    return f"{JUDGE_PREFIX}{sha256_hex(json.dumps(parts).encode())[:_ID_CHARACTERS]}"


def _asking(
    subject: Subject, transcript: Transcript, scorer: Judged, judge: Judge, order: Order
) -> Asking:
    asked = question_text(
        scorer.question,
        transcript,
        run_id=subject.run_id,
        reference=scorer.reference,
        order=order,
    )
    task = TaskPutToJudge(
        agent=judge.name,
        input=asked.text,
        feature=EVALUATION,
        user=subject.user,
        priority=PRIORITY,
        judging=Judging(run_id=subject.run_id, metric=scorer.metric, judge=judge.name, order=order),
        limits=TaskLimits(steps=1),
    )
    run_id = judge_run_id(subject, scorer.metric, judge, order, asked.text)
    needs_quotes = scorer.quotes == "needed"
    return Asking(run_id, task, judge, order, asked.evidence, needs_quotes)


def _read(expected: Asking, run: Run) -> Reading:
    if not matches(expected, run.submitted.body if run.submitted is not None else None):
        return Reading("nothing", f"run {run.run_id} is not the one in which it was asked")
    match run.end:
        case None:
            return Reading("nothing", f"it has not answered: its run is {run.status}")
        case Fact(body=RunCompleted() as completed):
            if (
                run.started is None
                or run.started.body.agent.version != expected.judge.agent_version
            ):
                return Reading("nothing", "another version of its agent answered")
            return read(expected, completed.answer)
    return Reading("nothing", f"its run ended as {run.status}; {no_answer(run).reason}")
