"""Promises about runs: one end, nothing decided after it, and a log that tells one story."""

from collections.abc import Callable

from contracts.envelope import Fact
from contracts.history import Run, fold, measure
from contracts.review import ReviewRequested
from contracts.shape import Body
from contracts.subjects import ORCHESTRATOR, SUBMISSIONS, kind_of

from .engine import Engine
from .log import Log, Place

# What the orchestrator still says of a run that is over: whoever comes late is told.
TOLD_LATE = frozenset(
    {
        "task.conflicted",
        "review.answer_refused",
        "input.refused",
        "run.parent_ended",
        "run.parent_paused",
        "run.parent_resumed",
        "run.child_stood_still",
        "run.child_went_on",
    }
)
# And people are asked what became of a call that it left behind.
ASKED_LATE = frozenset({"review.requested", "review.decided"})


class Histories:
    """Every run, from its acknowledged submission to its one end."""

    def __init__(self, log: Log, engine: Engine, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._engine = engine
        self._violate = violate

    def stored(self, fact: Fact[Body]) -> None:
        """A fact was stored now."""
        end = self._log.end((fact.tenant, fact.run_id))
        if end is None or end.id == fact.id:
            return
        is_decided = kind_of(fact.type).owner == ORCHESTRATOR and fact.type not in TOLD_LATE
        if is_decided and not self._is_about_outcome(fact):
            name = f"{fact.run_id}: {fact.type}"
            self._violate("nothing_after_the_end", f"{name} was decided after {end.type}")
        if fact.type.endswith(".claimed") and fact.body.state == "claimed":
            name = f"{fact.run_id}: {fact.type}.{fact.body.key}"
            self._violate("nothing_after_the_end", f"{name} was won after {end.type}")

    def _is_about_outcome(self, fact: Fact[Body]) -> bool:
        if fact.type not in ASKED_LATE:
            return False
        facts = self._log.runs[fact.tenant, fact.run_id]
        asked = (one.body for one in facts if isinstance(one.body, ReviewRequested))
        named = (one for one in asked if one.review_id == fact.body.review_id)
        return all(one.about == "outcome" for one in named)

    def open_runs(self) -> list[Place]:
        """Runs that have been submitted and have not ended."""
        return [
            place
            for place, facts in self._log.runs.items()
            if facts[0].type in SUBMISSIONS and self._log.end(place) is None
        ]

    def check_at_rest(self) -> None:
        """Every run has ended once, was scored if it had begun, and can be read again."""
        for _, run_id in self.open_runs():
            self._violate("every_task_ends", f"{run_id} never ended")
        for (_, run_id), ends in self._log.ends.items():
            if len(ends) != 1:
                told = ", ".join(end.type for end in ends)
                self._violate("one_end", f"{run_id} ended more than once: {told}")
        for place in self._log.runs:
            self._check_fold(place)

    def _check_fold(self, place: Place) -> None:
        facts, name = self._log.runs[place], place[1]
        whole, grown = fold(facts), fold(facts[:1])
        for fact in facts[1:]:
            fold([fact], onto=grown)
            assert grown.status, f"{name}: a prefix has no status"
        if grown != whole:
            self._violate("fold_is_one", f"{name} folds to something else one fact at a time")
        if fold(facts, onto=grown) != whole:
            self._violate("fold_is_one", f"{name} changes when its facts are folded again")
        whole.ancestor = self._ancestor(whole)
        if whole.started is not None and whole.end is not None and whole.evaluated is None:
            self._violate("every_run_is_scored", f"{name} ended and was never scored")
        for step in whole.steps:
            asked = step.requested.body
            if measure(whole, step.number).sha256 != asked.prompt_sha256:
                self._violate("prompts_last", f"{name}: the prompt of step {step.number} is lost")

    def _ancestor(self, run: Run) -> Run | None:
        """The run that it grew from, as it lay when this one began, with its own ancestors."""
        grown = run.started.body.ancestor if run.started is not None else None
        if grown is None:
            return None
        facts = self._log.runs[run.tenant, grown.run_id]
        before = fold(fact for fact in facts if fact.sequence <= grown.position)
        before.ancestor = self._ancestor(before)
        return before
