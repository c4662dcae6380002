"""Histories of runs for tests: a scribe that says facts in log order.

    history = History()
    history.begin()                             # submitted, cleared, started
    asked = history.step(calls=[("find_order", '{"order_id": "1042"}')])
    run = given(history.facts)

Who tests a service says what it needs, and keeps out what its test is not about.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from contracts.envelope import Encoded, Fact, Stored, encode, follow
from contracts.guardrail import AnswerCleared
from contracts.history import Run, fold
from contracts.ids import root_id
from contracts.run import AnswerProposed, RunCompleted
from contracts.shape import Body
from contracts.subjects import kind_of
from contracts.tool import ToolManifest
from tests.bodies import (
    NOON,
    VERDICT,
    claimed,
    manifest,
    model_funded,
    model_requested,
    responded,
    result_cleared,
    run_started,
    settled,
    task,
    task_cleared,
    tool_claimed,
    tool_cleared,
    tool_requested,
    tool_succeeded,
)


def given(facts: Iterable[Fact[Body]]) -> Run:
    """The run that these facts are."""
    return fold(facts)


@dataclass
class History:
    """Says facts of one run: each gets the next sequence, and a second more on the clock."""

    tenant: str = "acme"
    run_id: str = "r-1"
    facts: list[Fact[Body]] = field(default_factory=list)

    @property
    def root(self) -> str:
        return root_id(self.tenant, self.run_id)

    @property
    def run(self) -> Run:
        return given(self.facts)

    def say(self, body: Body, because: Fact[Body] | str = "") -> Fact[Body]:
        """Append the fact that follows from `because`: a fact, or an id."""
        cause_id = because if isinstance(because, str) else because.id
        fact = follow(self.tenant, self.run_id, body, cause_id=cause_id, time=NOON)
        return self.repeat(fact)

    def repeat(self, fact: Fact[Body]) -> Fact[Body]:
        """Append a fact as it is, as a second delivery of it would be stored."""
        sequence = len(self.facts) + 1
        moment = NOON + timedelta(seconds=sequence)
        stored = replace(fact, sequence=sequence, time=moment, stored_at=moment)
        self.facts.append(stored)
        return stored

    def begin(self, *tools: ToolManifest, text: str = "Where is my parcel?") -> Fact[Body]:
        """Submitted, cleared, started; gives the start."""
        submitted = self.say(task(text))
        cleared = self.say(task_cleared(text), submitted)
        return self.say(run_started(*tools), cleared)

    def ask(self, because: Fact[Body] | str) -> Fact[Body]:
        """The next step is requested."""
        steps = len(self.run.steps)
        return self.say(model_requested(steps + 1, position=len(self.facts)), because)

    def fund(self, asked: Fact[Body]) -> Fact[Body]:
        """One hold for one attempt."""
        return self.say(model_funded(asked.body.step, asked.body.attempt), asked)

    def answer(
        self,
        funded: Fact[Body],
        text: str = "",
        calls: Sequence[tuple[str, str]] = (),
    ) -> Fact[Body]:
        """The attempt is claimed and answered, with a text or with calls."""
        step, attempt = funded.body.step, funded.body.attempt
        self.say(claimed(step, attempt), funded)
        return self.say(responded(step, attempt, text, calls), funded)

    def step(
        self,
        because: Fact[Body] | str | None = None,
        text: str = "",
        calls: Sequence[tuple[str, str]] = (),
    ) -> Fact[Body]:
        """Requested, funded, claimed, answered, settled; gives the answer of the model."""
        before = self.facts[-1] if because is None else because
        funded = self.fund(self.ask(before))
        responded_ = self.answer(funded, text, calls)
        self.say(settled(funded.body.step, funded.body.attempt), responded_)
        return responded_

    def call(self, responded_: Fact[Body], index: int = 1) -> Fact[Body]:
        """One of the calls that the model asked for is requested."""
        part = responded_.body.tool_calls[index - 1]
        return self.say(tool_requested(responded_.body.step, index, part), responded_)

    def clear(self, requested: Fact[Body]) -> Fact[Body]:
        """The call may run."""
        return self.say(tool_cleared(requested.body), requested)

    def run_tool(self, cleared: Fact[Body], output_json: str = '"ok"') -> Fact[Body]:
        """The call is claimed and succeeds."""
        call, attempt = cleared.body.call, cleared.body.attempt
        self.say(tool_claimed(call, attempt), cleared)
        return self.say(tool_succeeded(call, attempt, output_json), cleared)

    def use(self, responded_: Fact[Body], index: int = 1, shown: str = "ok") -> Fact[Body]:
        """A call from its request to the result that the model may see."""
        outcome = self.run_tool(self.clear(self.call(responded_, index)), f'"{shown}"')
        return self.say(result_cleared(outcome.body.call, shown), outcome)

    def complete(self, responded_: Fact[Body]) -> Fact[Body]:
        """The answer is proposed, cleared, and ends the run."""
        text = responded_.body.text
        proposed = self.say(AnswerProposed(step=responded_.body.step, text=text), responded_)
        self.say(AnswerCleared(**VERDICT, text=text), proposed)
        return self.say(RunCompleted(answer=text, steps=len(self.run.steps)), self.root)


def whole_run() -> History:
    """A finished run of two steps: one call of a tool, then the answer."""
    history = History()
    history.begin(manifest())
    first = history.step(calls=[("find_order", '{"order_id":"1042"}')])
    second = history.step(history.use(first, shown="shipped"), text="It was shipped.")
    history.complete(second)
    return history


@dataclass(frozen=True)
class Mark:
    """Signs like an owner, without a key: only good enough to tell one owner from another."""

    owner: str

    def sign(self, message: bytes) -> str:
        return hashlib.sha256(self.owner.encode() + b"\n" + message).hexdigest()


class Marks:
    """Believes the marks of owners."""

    def verify(self, owner: str, message: bytes, signature: str) -> bool:
        return Mark(owner).sign(message) == signature


def written(fact: Fact[Body]) -> Encoded:
    """The fact as its owner publishes it."""
    return encode(fact, Mark(kind_of(fact.type).owner))


def stored(fact: Fact[Body], **headers: str) -> Stored:
    """The fact as it lies in the stream, with some headers replaced."""
    encoded = written(fact)
    return Stored(
        encoded.subject, {**encoded.headers, **headers}, encoded.body, fact.sequence or 1, NOON
    )
