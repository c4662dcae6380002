"""Fifteen bugs to plant. Each is a small slip that a change could bring back; none is subtle."""

from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest

from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.review import ReviewRequested
from contracts.tool import ToolClaimed
from services.cost_ledger.handlers import ending, funding
from services.cost_ledger.rules import calls as ledger_calls
from services.cost_ledger.rules.ending import InFlight, Revoked
from services.cost_ledger.rules.settlement import NotBilled
from services.evaluator import handlers
from services.guardrail_checker import handlers as gates
from services.guardrail_checker.rules import judged
from services.model_router.rules import attempts
from services.orchestrator.handlers.firing import Alarm
from services.orchestrator.rules import admission
from services.tool_executor.rules import clearance
from shared.bus import Heard, NatsBus
from shared.delivery import Deliverer
from shared.publisher import EXPECTED_SUBJECT

from .engine import Engine


def appends_unchecked(patch: pytest.MonkeyPatch) -> None:
    """The log takes every append, whatever was said in between."""
    check = Engine._check_expected

    def lax(self: Engine, stream: Any, subject: str, headers: Any) -> None:
        if EXPECTED_SUBJECT not in headers:
            check(self, stream, subject, headers)

    patch.setattr(Engine, "_check_expected", lax)


def acknowledged_before_handled(patch: pytest.MonkeyPatch) -> None:
    """A delivery is acknowledged before its handler has run."""
    deliver = Deliverer.deliver

    async def eager(self: Deliverer, message: Any) -> None:
        await message.ack()
        await deliver(self, message)

    patch.setattr(Deliverer, "deliver", eager)


def claims_skipped(patch: pytest.MonkeyPatch) -> None:
    """Whoever wants to start an effect believes that it may."""
    claim = NatsBus.claim

    async def skip(self: NatsBus, cause: Any, body: ModelClaimed | ToolClaimed) -> bool:
        return body.state == "claimed" or await claim(self, cause, body)

    patch.setattr(NatsBus, "claim", skip)


def bindings_unchecked(patch: pytest.MonkeyPatch) -> None:
    """The executor takes a clearance at its word: no hash of arguments, no approval."""
    patch.setattr(clearance, "_broken_binding", lambda *_: None)


def prices_unheld(patch: pytest.MonkeyPatch) -> None:
    """The executor starts a tool that has a price without looking for its hold."""
    patch.setattr(clearance, "_unpaid", lambda *_: None)


def unknown_starts_released(patch: pytest.MonkeyPatch) -> None:
    """The ledger gives the price of a call back because nobody knows what became of it."""
    patch.setattr(ledger_calls, "NotKnown", NotBilled)


def judged_runs_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Whoever hears the end of a judge does not look at the run that it judged."""
    assess = handlers._assess

    async def own_alone(run: Run, heard: Heard[Any], bus: Any, desk: handlers.Desk) -> None:
        if run.run_id == heard.fact.run_id:
            await assess(run, heard, bus, desk)

    patch.setattr(handlers, "_assess", own_alone)


def claimed_holds_released(patch: pytest.MonkeyPatch) -> None:
    """The ledger gives back what a call in flight may still cost."""
    standing = ending._standing

    def careless(*arguments: Any) -> object:
        found = standing(*arguments)
        return Revoked() if isinstance(found, InFlight) else found

    patch.setattr(ending, "_standing", careless)


def waits_funded(patch: pytest.MonkeyPatch) -> None:
    """The ledger sets money aside for an attempt as soon as it is asked for, due or not."""
    patch.setattr(funding, "is_deferred", lambda *_: False)


def routes_drawn_anew(patch: pytest.MonkeyPatch) -> None:
    """The router draws a route for each step of a run."""
    choose = attempts.choose_route

    def fickle(work: attempts.Work, choice: Any) -> Any:
        return choose(replace(work, root=f"{work.root} {work.step.number}"), choice)

    patch.setattr(attempts, "choose_route", fickle)


def outcomes_expire(patch: pytest.MonkeyPatch) -> None:
    """A question about what nobody can tell is decided by the clock, as any other."""

    def any_expires(self: ReviewRequested, moment: datetime) -> bool:
        return moment >= self.expires_at

    patch.setattr(ReviewRequested, "is_expired", any_expires)


def ended_runs_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks what became of a call whose run is over."""
    rules = import_module("services.orchestrator.rules.decide")  # the name is that of a function
    patch.setattr(rules, "late_unknowns", lambda *_: ())


def starts_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody remembers when runs have started."""
    patch.setattr(admission, "started", lambda starts, *_: starts)


def early_answers_dropped(patch: pytest.MonkeyPatch) -> None:
    """A question does not take the answers that came before it."""
    folding = import_module("contracts.history.fold")
    opened = folding.open_review

    def forgetful(run: Run, requested: Any) -> Any:
        review = opened(run, requested)
        review.answers.clear()
        return review

    patch.setattr(folding, "open_review", forgetful)


def ticks_acknowledged_first(patch: pytest.MonkeyPatch) -> None:
    """A tick of a schedule is acknowledged before its task is submitted."""
    hear = Alarm.hear

    async def eager(self: Alarm, message: Any) -> None:
        if message.subject.startswith("timer.due."):
            await message.ack()
        await hear(self, message)

    patch.setattr(Alarm, "hear", eager)


def garbage_is_clean(patch: pytest.MonkeyPatch) -> None:
    """A model that a check asked, and that gave no verdict, has objected to nothing."""
    read = judged.read_answer

    def trusting(*arguments: str) -> tuple[str, str, str | None]:
        rule, reason, quote = read(*arguments)
        return (judged.CLEAN if rule == judged.UNUSABLE else rule), reason, quote

    patch.setattr(judged, "read_answer", trusting)


def answers_unheard(patch: pytest.MonkeyPatch) -> None:
    """Nobody hears that a model has ended which a check had asked."""
    patch.setattr(gates, "CHECK_PREFIX", "no-such-prefix-")
