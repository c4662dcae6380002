"""Promises about checks that ask models: what waits for them passes by their word alone.

Told from the log: whoever was asked has answered, in form and with the number of its question, and
before the content was cleared. No check is about what was itself asked of a model.
"""

import json
from collections.abc import Callable

from contracts.envelope import Fact
from contracts.guardrail import AnswerCleared, InputCleared, ResultCleared, TaskCleared
from contracts.run import RunCompleted
from contracts.shape import Body
from contracts.task import TaskPutToCheck, TaskSubmitted

from .log import Log
from .scenarios import AGENTS, CAREFUL, CHECKERS

CLEARED = (TaskCleared, InputCleared, ResultCleared, AnswerCleared)


class Checked:
    """What was cleared where a model had to be asked."""

    def __init__(self, log: Log, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._violate = violate

    def check_at_rest(self) -> None:
        """All that was cleared was called clean by each that had to be asked, and before that."""
        clean = self._clean()
        for (tenant, run_id), facts in self._log.runs.items():
            task = facts[0].body
            if not isinstance(task, TaskSubmitted) or not _is_checked(task):
                continue
            for fact in facts:
                if not isinstance(fact.body, CLEARED) or _is_empty(fact, self._log):
                    continue
                said = clean.get((tenant, fact.cause_id), {})
                late = [one for one in CHECKERS if said.get(one, fact.sequence) >= fact.sequence]
                if late:
                    name = f"{run_id}: {fact.id}"
                    self._violate("clean_is_said", f"{name} was cleared without {late}")

    def _clean(self) -> dict[tuple[str, str], dict[str, int]]:
        """Of each content that a check was about: who called it clean, and when."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for place, facts in self._log.runs.items():
            task = facts[0].body
            if not isinstance(task, TaskPutToCheck):
                continue
            if task.checking.run_id.startswith("check-"):
                self._violate("checks_are_not_checked", f"{place[1]} checks a check")
            end = self._log.end(place)
            if end is not None and _says_clean(end.body, task):
                of = found.setdefault((place[0], task.checking.fact), {})
                of[task.agent] = end.sequence
        return found


def _is_checked(task: TaskSubmitted) -> bool:
    agent = AGENTS.get(task.agent)
    return agent is not None and CAREFUL in agent.guardrails.input


def _is_empty(fact: Fact[Body], log: Log) -> bool:
    """Whether there was nothing to ask about."""
    match fact.body:
        case ResultCleared():
            return False
        case TaskCleared(input=text) | InputCleared(text=text) | AnswerCleared(text=text):
            return not text.strip()
    return False


def _says_clean(end: Body, task: TaskPutToCheck) -> bool:
    if not isinstance(end, RunCompleted):
        return False
    try:
        said = json.loads(end.answer)
    except ValueError:
        return False
    return said["verdict"] == "clean" and f"<<<CONTENT {said['number']}" in task.input
