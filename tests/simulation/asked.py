"""Promises to whoever asks the console: what it says was done is done, and once."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from contracts.review import ReviewDecided
from contracts.subjects import CONTROL
from contracts.task import TaskSubmitted
from services.console.api.shapes import Accepted, Answered, ControlAsked, InputAnswer, OrderView
from services.console.errors import ConsoleError

from .engine import Engine
from .log import Log

NOT_DECIDED = "recorded"
ORDER_SHAPE = ("scope", "name", "state", "principal")


@dataclass(frozen=True, slots=True)
class Submission:
    """A task that somebody submitted, and the answer; None where they went without one."""

    task: TaskSubmitted
    told: Accepted | ConsoleError | None


class Asked:
    """What people were told by the console, held to the log at the end."""

    def __init__(self, log: Log, engine: Engine, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._engine = engine
        self._violate = violate
        self._submissions: list[Submission] = []
        self._requests: list[ControlAsked | InputAnswer] = []
        self._answers: list[Answered] = []
        self._orders: list[OrderView] = []

    def submitted(self, submission: Submission) -> None:
        self._submissions.append(submission)

    def requested(self, told: ControlAsked | InputAnswer) -> None:
        self._requests.append(told)

    def answered(self, told: Answered) -> None:
        self._answers.append(told)

    def ordered(self, told: OrderView) -> None:
        self._orders.append(told)

    def unanswered(self, tries: int) -> None:
        self._violate("consoles_answer", f"no console gave an answer in {tries} tries")

    def check_at_rest(self) -> None:
        """Everything that somebody was told is in the log."""
        for one in self._submissions:
            self._check_submission(one)
        for told in self._requests:
            subject = self._engine.runs.messages[told.sequence - 1].subject
            if not subject.startswith(f"run.{told.tenant}.{told.run_id}."):
                name = f"{told.run_id}: {told.sequence}"
                self._violate("told_is_stored", f"{name} was told as stored, and is {subject}")
        for answer in self._answers:
            self._check_answer(answer)
        for order in self._orders:
            self._check_order(order)

    def _check_submission(self, one: Submission) -> None:
        if one.task.fork is not None:
            return  # It has the input of the run that it grows from.
        runs = [
            place
            for place, facts in self._log.runs.items()
            if any(_submits(fact.body, one.task.input) for fact in facts)
        ]
        name = repr(one.task.input)
        if len(runs) > 1:
            self._violate("one_submit_one_run", f"{name} became the runs {runs}")
        match one.told:
            case Accepted() as told if runs != [(told.tenant, told.run_id)]:
                self._violate("told_is_stored", f"{name} is {runs}, was told {told.run_id}")
            case ConsoleError() as refused if runs:
                self._violate("refused_is_not_done", f"{name} is {runs}, was told {refused}")

    def _check_answer(self, told: Answered) -> None:
        run_id, _, review_id = told.review.partition(".")
        if told.outcome == NOT_DECIDED:
            return
        found = [
            fact.body.outcome
            for (_, name), facts in self._log.runs.items()
            if name == run_id
            for fact in facts
            if isinstance(fact.body, ReviewDecided) and fact.body.review_id == review_id
        ]
        if found != [told.outcome]:
            self._violate("told_is_stored", f"{told.review} is {found}, was told {told.outcome}")

    def _check_order(self, told: OrderView) -> None:
        stored = (json.loads(one.body) for one in self._engine.streams[CONTROL].messages)
        shape = {key: getattr(told, key) for key in ORDER_SHAPE}
        if not any(shape == {key: one.get(key) for key in ORDER_SHAPE} for one in stored):
            self._violate("told_is_stored", f"the order {shape} was told, and does not lie there")


def _submits(body: object, text: str) -> bool:
    return isinstance(body, TaskSubmitted) and body.fork is None and body.input == text
