"""Record what a platform seldom does: `python -m tests.orchestrator.record`.

It is for `make replay-check`. The orchestrator's rules decide, this file plays everybody else, and
each history is signed and written as an exported run is. As in `tests.e2e.record`, what lies there
already is kept.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from contracts.agent import AgentLimits, ContextPolicy
from contracts.envelope import Fact, Stored, encode
from contracts.export import Header, signers, write
from contracts.guardrail import AnswerCleared, ToolEscalated
from contracts.review import ReviewAnswered
from contracts.shape import Body
from contracts.subjects import SERVICES, kind_of
from services.orchestrator.rules import Book
from shared.signing import SEED_BYTES, Ed25519Signer
from tests.bodies import (
    VERDICT,
    agent,
    result_cleared,
    tool_claimed,
    tool_escalated,
    tool_succeeded,
    tool_unknown,
)
from tests.orchestrator.deciding import BOOK
from tests.orchestrator.playing import Played

FOLDER = Path(__file__).parents[1] / "recorded"
TENANT = "demo"
ORDER = [("find_order", '{"order_id": "1042"}')]
LADDER = (
    {"after_seconds": 60, "roles": ("team-lead",)},
    {"after_seconds": 120, "roles": ("director",)},
)
ASKED_SECONDS = 300
SMALL = AgentLimits(output_tokens=200)
SMALL_TOKENS = 1200  # with results of RESULT_BYTES two steps fit, and a third does not
RESULT_BYTES = 900
LONG_STEPS = 4


def main() -> None:
    for run_id, play in HISTORIES.items():
        file = FOLDER / f"{run_id}.jsonl"
        if not file.exists():
            file.write_bytes(exported(play(run_id)))


def exported(played: Played) -> bytes:
    """The file of a history, signed by keys that nobody has afterwards."""
    keys = {owner: Ed25519Signer(secrets.token_bytes(SEED_BYTES)) for owner in SERVICES}
    stored = [_stored(fact, keys.get(kind_of(fact.type).owner)) for fact in played.facts]
    public = {owner: (keys[owner].public_hex,) for owner in signers(stored)}
    header = Header(tenant=played.tenant, run_id=played.run_id, exported_at=played.now, keys=public)
    return b"".join(write(header, stored))


def compacted(run_id: str, policy: str) -> Played:
    """Results outgrow a small model, and the policy of its agent makes room."""
    context = ContextPolicy(policy=policy, keep_steps=1)
    small = agent().model_copy(update={"context": context, "limits": SMALL})
    book = replace(BOOK, agents={"support": small}, context_tokens={"default": SMALL_TOKENS})
    played = _begun(run_id, book)
    for _ in range(LONG_STEPS):
        _summed_up(played)
        _run(played, _called(played), "x" * RESULT_BYTES)
    _summed_up(played)
    return _answered(played)


def expired(run_id: str) -> Played:
    """Two more circles of people are asked, nobody answers, and the call is refused."""
    played = _asked(_begun(run_id), escalate=LADDER, expires_seconds=ASKED_SECONDS)
    for _ in (*LADDER, "expiry"):
        played.wait(ASKED_SECONDS / 3)
        played.decide()
    return _answered(played)


def refused(run_id: str) -> Played:
    """Of five answers two count: the others are a stranger's, a second one, and too late."""
    played = _asked(_begun(run_id), quorum=2)
    for principal in ("eve", "lea", "lea", "max", "kim"):
        _reply(played, principal, "intern" if principal == "eve" else "support-lead")
        played.decide()
    _run(played, played.last("tool.requested"))
    return _answered(played)


def unknown(run_id: str) -> Played:
    """Nobody knows what became of a call, until a person does."""
    played = _begun(run_id)
    cleared = played.clear(_called(played))
    played.say(tool_claimed("1-1"), cleared)
    played.say(tool_unknown("1-1"), cleared)
    played.decide()
    _reply(played, "otto", "operator")
    played.decide()
    return _answered(played)


def revoked(run_id: str) -> Played:
    """Cancelled when its model had been funded, and nobody had begun."""
    played = _begun(run_id)
    played.fund(played.last("model.requested"))
    played.cancel()
    played.decide()
    return played


def _begun(run_id: str, book: Book = BOOK) -> Played:
    played = Played(TENANT, run_id, book=book)
    played.begin_task()
    return played


def _called(played: Played) -> Fact[Body]:
    """The model asks for its tool; gives the request of the call."""
    played.answer(played.fund(played.last("model.requested")), calls=ORDER)
    return played.decide()[-1]


def _asked(played: Played, **changes: object) -> Played:
    """The gate wants people to be asked about the call."""
    requested = _called(played)
    escalated = tool_escalated(requested.body).model_dump() | changes
    played.say(ToolEscalated.model_validate(escalated), requested)
    played.decide()
    return played


def _reply(played: Played, principal: str, role: str) -> None:
    question = played.last("review.requested").body
    answer = ReviewAnswered(
        review_id=question.review_id,
        decision="approve",
        principal=principal,
        roles=(role,),
        arguments_sha256=question.arguments_sha256,
        nonce=str(len(played.facts)),
    )
    played.say(answer, played.root)


def _run(played: Played, requested: Fact[Body], shown: str = "shipped") -> None:
    """The call runs, and its result is shown."""
    call, attempt = requested.body.call, requested.body.attempt
    cleared = played.clear(requested)
    played.say(tool_claimed(call, attempt), cleared)
    done = played.say(tool_succeeded(call, attempt, f'"{shown}"'), cleared)
    played.say(result_cleared(call, shown), done)
    played.decide()


def _summed_up(played: Played) -> None:
    """Where the model is asked to sum up, it does."""
    asked = played.last("model.requested")
    if asked.body.purpose == "summary":
        played.answer(played.fund(asked), text="Parcels were looked for.")
        played.decide()


def _answered(played: Played) -> Played:
    """The model answers, the gate lets it, and the run is over."""
    responded = played.answer(played.fund(played.last("model.requested")), text="It is on its way.")
    proposed = played.decide()[-1]
    played.say(AnswerCleared(**VERDICT, text=responded.body.text), proposed)
    played.decide()
    return played


def _stored(fact: Fact[Body], signer: Ed25519Signer | None) -> Stored:
    encoded = encode(fact, signer)
    return Stored(encoded.subject, encoded.headers, encoded.body, fact.sequence, fact.time)


HISTORIES: dict[str, Callable[[str], Played]] = {
    "summarized": lambda run_id: compacted(run_id, "summarize"),
    "cleared": lambda run_id: compacted(run_id, "clear_results"),
    "windowed": lambda run_id: compacted(run_id, "window"),
    "expired": expired,
    "refused": refused,
    "unknown": unknown,
    "revoked": revoked,
}

if __name__ == "__main__":
    main()
