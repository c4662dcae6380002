"""People who answer reviews: early, in time, just as one expires, or late; and strangers.

Some guess the name of a question that is not asked yet; it may never be. Some ask the console,
which refuses what it sees to be plain; the others are refused by the orchestrator alone.
"""

import json
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from contracts.envelope import Fact, Stored, believe
from contracts.review import Decision, ReviewAnswered, ReviewRequested
from contracts.tool import ToolRequested
from services.console.api import reviews
from services.console.api.desk import Desk
from services.console.api.people import Person
from services.console.api.reviews import Answer, Edit, Respond
from services.console.api.shapes import Answered
from tests.histories import Marks

from .scenarios import ROLES
from .someone import BY_CONSOLE, Someone

ANSWER_WITHIN_SECONDS = 25.0
IGNORES, STRANGERS, EARLY = 0.25, 0.15, 0.1
# Answers that come when the question expires: so long before it, and after.
AT_THE_LAST_MOMENT, MOMENT_SECONDS = 0.3, 1.5
DECISIONS: tuple[Decision, ...] = ("approve", "reject", "approve", "edit", "respond")
Question = ReviewRequested | ToolRequested


@dataclass
class Reviewers(Someone):
    """Those who look at calls."""

    def begin(self) -> None:
        self.engine.runs.listeners.append(self._on_fact)

    def _on_fact(self, message: Stored) -> None:
        if message.subject.endswith(".review.requested"):
            self._begin(self._review(believe(message, Marks())))
        if message.subject.endswith(".tool.requested") and self.chance.random() < EARLY:
            self._begin(self._answer_early(believe(message, Marks())))

    async def _answer_early(self, asked: Fact[ToolRequested]) -> None:
        """Answer a question that is not asked yet, by the name that it would have."""
        await self._wait(self.chance.choice((0.0, MOMENT_SECONDS)))
        anna = _person("early-anna", asked.tenant, ROLES)
        await self._answer(asked, anna, self._decision(asked.body))

    async def _review(self, asked: Fact[ReviewRequested]) -> None:
        """Answer a question or not; what nobody can tell is answered in the end, maybe overdue."""
        question = asked.body
        ignored = self.chance.random() < IGNORES
        if ignored and question.about == "outcome":
            await self._until_expiry(question, 0.0)
            ignored = False
        if self.chance.random() < STRANGERS:
            await self._wait(ANSWER_WITHIN_SECONDS)
            mallory = _person("mallory", asked.tenant, ("nobody",))
            await self._answer(asked, mallory, self._decision(question))
        for number in range(0 if ignored else question.quorum):
            await self._come(question)
            anna = _person(f"anna-{number}", asked.tenant, (*ROLES, *question.roles))
            await self._answer(asked, anna, self._decision(question))

    async def _come(self, question: ReviewRequested) -> None:
        if question.about == "call" and self.chance.random() < AT_THE_LAST_MOMENT:
            around = self.chance.uniform(-MOMENT_SECONDS, MOMENT_SECONDS)
            await self._until_expiry(question, around)
        else:
            await self._wait(ANSWER_WITHIN_SECONDS)

    async def _until_expiry(self, question: ReviewRequested, more_seconds: float) -> None:
        left = (question.expires_at - self.bus.clock.now()).total_seconds()
        await self.process.sleep(max(0.0, left + more_seconds))

    def _decision(self, question: Question) -> Decision:
        about_call = getattr(question, "about", "call") == "call"
        return self.chance.choice(DECISIONS if about_call else DECISIONS[:2])

    async def _answer(self, asked: Fact[Question], who: Person, decision: Decision) -> None:
        if self.chance.random() >= BY_CONSOLE:
            await self._say_of(asked.run_id, _said(asked.body, who, decision))
            return
        told = await self._ask(lambda desk: _call(desk, asked, who, decision))
        if isinstance(told, Answered):
            self.consoles.asked.answered(told)


def _call(
    desk: Desk, asked: Fact[Question], who: Person, decision: Decision
) -> Coroutine[Any, Any, Answered]:
    """The handler of the console for this decision, with what its page would send."""
    name = f"{asked.run_id}.{_name(asked.body)}"
    seen = asked.body.arguments_sha256
    match decision:
        case "approve":
            return reviews.approve(name, who, desk, Answer(arguments_sha256=seen))
        case "reject":
            return reviews.reject(name, who, desk, Answer(arguments_sha256=seen))
        case "edit":
            arguments = json.loads(_edited(asked.body, "{}"))
            return reviews.edit(name, who, desk, Edit(arguments_sha256=seen, arguments=arguments))
        case "respond":
            said = Respond(arguments_sha256=seen, response="Leave it.")
            return reviews.respond(name, who, desk, said)


def _said(question: Question, who: Person, decision: Decision) -> ReviewAnswered:
    return ReviewAnswered(
        review_id=_name(question),
        decision=decision,
        arguments_json=_edited(question, question.arguments_json) if decision == "edit" else None,
        response="Leave it." if decision == "respond" else None,
        principal=who.principal,
        roles=who.roles,
        arguments_sha256=question.arguments_sha256,
        nonce=f"{_name(question)}-{who.principal}",
    )


def _name(question: Question) -> str:
    if isinstance(question, ReviewRequested):
        return question.review_id
    return f"{question.call}-{question.attempt}"


def _person(principal: str, tenant: str, roles: tuple[str, ...]) -> Person:
    return Person(principal=principal, roles=tuple(dict.fromkeys(roles)), tenant=tenant)


def _edited(question: Question, unreadable: str) -> str:
    """The same call for another order, as far as its arguments can be read."""
    try:
        return json.dumps({**json.loads(question.arguments_json), "order": 7})
    except ValueError:
        return unreadable
