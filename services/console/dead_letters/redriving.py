"""What people do about dead letters: have them handled again, or discard them."""

from contracts.audit import LetterDiscarded
from contracts.envelope import Fact, Unbelievable
from contracts.hearings import HEARINGS
from contracts.run import RunRedriven
from contracts.shape import Body
from contracts.subjects import ORCHESTRATOR, RUNS, TIMERS
from services.console.audit_log import AuditTrail, Doer
from services.console.dead_letters.box import DeadLetterBox
from services.console.dead_letters.letters import FIRED, DeadLetter, Note
from services.console.errors import Conflict
from shared.bus import Bus


async def redrive(
    letter: DeadLetter, box: DeadLetterBox, bus: Bus, principal: str, reason: str
) -> None:
    """Let the service that gave a fact up handle it again.

    The fact is said before the letter is noted: who stops in between leaves a letter that is open
    and may be redriven again, under the same id.

    Raises:
        Conflict: it was decided upon, or it cannot be redriven; says why.
    """
    fact = await redrivable(letter, box)
    said = RunRedriven(
        service=letter.service,
        sequence=fact.sequence,
        principal=principal,
        reason=reason,
        nonce=f"letter-{letter.number}",
    )
    await bus.say(fact, said)
    await _note(letter, box, Note(state="redriven", principal=principal, reason=reason))


async def discard(letter: DeadLetter, box: DeadLetterBox, audit: AuditTrail, doer: Doer) -> None:
    """Nobody shall handle it again; it stays where it is, with the reason.

    That is noted first, on the log: the letter itself is gone after a while.

    Raises:
        Conflict: it was decided upon.
    """
    check_open(letter)
    # One request may be about many.
    own: Doer = {**doer, "nonce": f"{doer['nonce']}-{letter.number}"}
    await audit.note(LetterDiscarded(number=letter.number, **own))
    note = Note(state="discarded", principal=doer["principal"], reason=doer["reason"])
    await _note(letter, box, note)


async def redrivable(letter: DeadLetter, box: DeadLetterBox) -> Fact[Body]:
    """The fact that a letter is about. The letter is not believed: the log is.

    Raises:
        Conflict: there is none that its service could handle.
    """
    check_open(letter)
    if (letter.service, letter.stream, letter.type) == (ORCHESTRATOR, TIMERS, FIRED):
        return await _last_heard(letter, box)
    if letter.stream != RUNS:
        raise _never(letter, f"it is no fact of a run, but lies in {letter.stream or 'no stream'}")
    fact = await _fact(letter, letter.sequence, box)
    if (fact.tenant, fact.run_id, fact.type) != (letter.tenant, letter.run_id, letter.type):
        raise _never(letter, f"message {letter.sequence} of the log is another than it says")
    # A redrive that crashed its worker is put aside unread: what it named is meant.
    if isinstance(fact.body, RunRedriven):
        fact = await _fact(letter, fact.body.sequence, box)
    if fact.type not in heard_by(letter.service):
        raise _never(letter, f"{letter.service} does not hear {fact.type}")
    return fact


async def _last_heard(letter: DeadLetter, box: DeadLetterBox) -> Fact[Body]:
    """A timer is no fact, and only a wake-up: whatever the run was last woken by wakes it again."""
    heard = heard_by(ORCHESTRATOR)
    facts = [one for one in await box.facts(letter.tenant, letter.run_id) if one.type in heard]
    if not facts:
        raise _never(letter, f"the log has no run {letter.run_id} of {letter.tenant}")
    return facts[-1]


def heard_by(service: str) -> set[str]:
    """The types of facts that may be redriven to a service."""
    return {type_ for one in HEARINGS if one.service == service for type_ in one.types}


async def _fact(letter: DeadLetter, sequence: int, box: DeadLetterBox) -> Fact[Body]:
    try:
        fact = await box.fact(sequence)
    except Unbelievable as error:
        raise _never(letter, f"it is no fact: {error.reason} (rule={error.rule})") from None
    if fact is None:
        raise _never(letter, f"the log has no message {sequence} any more")
    return fact


async def _note(letter: DeadLetter, box: DeadLetterBox, note: Note) -> None:
    if await box.note(letter.number, note):
        return
    now = await box.letter(letter.number)
    if now is not None and now.state != note.state:
        check_open(now)


def check_open(letter: DeadLetter) -> None:
    """Of those who decide about one letter the first counts.

    Raises:
        Conflict: it was decided upon; says by whom.
    """
    if letter.state != "open":
        raise Conflict(
            f"dead letter {letter.number} was {letter.state} by {letter.decided_by}",
            "state",
            "one that fails again leaves a new letter: interlock dlq list",
        )


def _never(letter: DeadLetter, why: str) -> Conflict:
    return Conflict(
        f"dead letter {letter.number} cannot be redriven: {why}",
        "the log",
        f"look at it, then: interlock dlq discard {letter.number} --reason ...",
    )
