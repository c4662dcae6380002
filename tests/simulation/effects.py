"""Promises about tools: what is started, under which claim, by whose leave, and how often."""

from collections.abc import Callable
from typing import TypeVar

from contracts.envelope import Fact
from contracts.guardrail import ToolCleared, ToolEscalated
from contracts.review import ReviewDecided, ReviewRequested
from contracts.shape import Body, sha256_hex
from contracts.tool import (
    ToolClaimed,
    ToolContext,
    ToolFailed,
    ToolManifest,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)

from .log import Log, Place
from .stops import Stops
from .taint import Taint

B = TypeVar("B", bound=Body)
PERMITTING = ("approved", "edited")


class Effects:
    """Every effect that was really started, in order."""

    def __init__(
        self, log: Log, taint: Taint, stops: Stops, violate: Callable[[str, str], None]
    ) -> None:
        self._log = log
        self._taint = taint
        self._stops = stops
        self._violate = violate
        self.starts: list[ToolContext] = []

    def begins(self, context: ToolContext, manifest: ToolManifest) -> None:
        """The executor decides now to start an effect."""
        place, name = (context.tenant, context.run_id), _name(context, manifest)
        claim = self._log.claim(place, "tool.claimed", f"{context.call}-{context.attempt}")
        body = claim.body if claim is not None else None
        start_before = body.start_before if isinstance(body, ToolClaimed) else None
        self._stops.started(place, claim, start_before, name)

    def started(self, context: ToolContext, manifest: ToolManifest, arguments_json: str) -> None:
        """An effect starts now, in the world outside."""
        place, call = (context.tenant, context.run_id), context.call
        name = _name(context, manifest)
        before = [one for one in self.starts if (one.run_id, one.call) == (place[1], call)]
        self.starts.append(context)
        if any(one.attempt == context.attempt for one in before):
            self._violate("one_start_per_claim", f"{name} was started twice under one claim")
        if before and manifest.idempotent and before[0].idempotency_key != context.idempotency_key:
            self._violate("one_key_per_call", f"{name} was repeated under another key")
        if before and not manifest.idempotent and not self._denied(place, call):
            self._violate("nothing_twice", f"{name} is not idempotent, and was started again")
        if self._log.runs[place][0].body.fork is not None:
            self._violate("shadows_touch_nothing", f"{name} was started in a fork")
        claim = self._log.claim(place, "tool.claimed", f"{call}-{context.attempt}")
        if claim is None or claim.body.state != "claimed":
            self._violate("claimed_first", f"{name} was started without a claim")
        self._check_leave(place, context, manifest, sha256_hex(arguments_json.encode()), name)

    def check_at_rest(self) -> None:
        """Whatever nobody can tell was asked of a person, who said it, or told later."""
        for place in self._log.runs:
            self._check_decisions(place)
            self._check_outcomes(place)
            for unknown in self._bodies(place, ToolUnknown):
                if not self._is_dealt_with(place, unknown.body):
                    name = f"{place[1]}/{unknown.body.call}-{unknown.body.attempt}"
                    self._violate("unknown_is_asked", f"of {name} nobody knows, nor was asked")

    def _check_leave(
        self, place: Place, context: ToolContext, manifest: ToolManifest, digest: str, name: str
    ) -> None:
        call = context.call
        leaves = [
            one.body
            for one in self._bodies(place, ToolCleared)
            if (one.body.call, one.body.attempt) == (call, context.attempt)
        ]
        if not leaves:
            self._violate("cleared_first", f"{name} was started without a clearance")
            return
        leave = leaves[0]
        self._taint.started(context, manifest, leave.approval_id)
        bound = (leave.tool, leave.manifest_sha256, leave.arguments_sha256)
        if bound != (manifest.name, manifest.sha256, digest):
            self._violate("clearance_binds", f"{name} was cleared for something else than it did")
        escalated = any(one.body.call == call for one in self._bodies(place, ToolEscalated))
        if escalated and leave.approval_id is None:
            self._violate("approved_first", f"{name} needed a person, and none was asked")
        if leave.approval_id is not None and not self._approves(place, leave, call, digest):
            self._violate("approval_binds", f"{name} was approved by nobody with these arguments")

    def _check_outcomes(self, place: Place) -> None:
        """Whatever was claimed became something, also where its run had ended by then."""
        outcomes = (ToolSucceeded, ToolFailed, ToolUnknown)
        told = {
            (one.body.call, one.body.attempt)
            for kind in outcomes
            for one in self._bodies(place, kind)
        }
        for claim in self._bodies(place, ToolClaimed):
            made = claim.body
            is_ours = made.state == "claimed" and made.child_run_id is None
            if is_ours and (made.call, made.attempt) not in told:
                name = f"{place[1]}/{made.call}-{made.attempt}"
                self._violate("claimed_is_told", f"nothing was said of what became of {name}")

    def _check_decisions(self, place: Place) -> None:
        """Whether something happened is decided by whoever is asked, and by nobody's silence."""
        decisions = {one.body.review_id: one.body for one in self._bodies(place, ReviewDecided)}
        for asked in self._bodies(place, ReviewRequested):
            if asked.body.about != "outcome":
                continue
            name = f"{place[1]}/{asked.body.review_id} ({asked.body.tool})"
            decided = decisions.get(asked.body.review_id)
            if decided is None:
                self._violate("answers_are_taken", f"{name} was answered, and is still open")
            elif decided.outcome == "expired":
                self._violate("silence_tells_nothing", f"{name} was decided by the clock")

    def _approves(self, place: Place, leave: ToolCleared, call: str, digest: str) -> bool:
        decided = self._log.by_id.get(leave.approval_id or "")
        if decided is None or not isinstance(decided.body, ReviewDecided):
            return False
        asked = self._questions(place, call, "call")
        return (
            any(one.review_id == decided.body.review_id for one in asked)
            and decided.body.outcome in PERMITTING
            and decided.body.arguments_sha256 == digest
        )

    def _denied(self, place: Place, call: str) -> bool:
        """Whether a person said that the call before did not happen."""
        asked = {one.review_id for one in self._questions(place, call, "outcome")}
        decisions = self._bodies(place, ReviewDecided)
        return any(
            one.body.review_id in asked and one.body.outcome == "rejected" for one in decisions
        )

    def _is_dealt_with(self, place: Place, unknown: ToolUnknown) -> bool:
        about = (unknown.call, unknown.attempt)
        asked = self._bodies(place, ToolRequested)
        outcomes = self._bodies(place, ToolSucceeded) + self._bodies(place, ToolFailed)
        return (
            bool(self._questions(place, unknown.call, "outcome"))
            or any((one.body.call, one.body.attempt) == about for one in outcomes)
            or any((one.body.call, one.body.attempt - 1) == about for one in asked)
        )

    def _questions(self, place: Place, call: str, about: str) -> list[ReviewRequested]:
        found = (one.body for one in self._bodies(place, ReviewRequested))
        return [one for one in found if (one.call, one.about) == (call, about)]

    def _bodies(self, place: Place, kind: type[B]) -> list[Fact[B]]:
        return [fact for fact in self._log.runs[place] if isinstance(fact.body, kind)]


def _name(context: ToolContext, manifest: ToolManifest) -> str:
    return f"{context.run_id}/{context.call}-{context.attempt} ({manifest.name})"
