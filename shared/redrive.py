"""What a redrive names: the fact that a service is to handle once more."""

from collections.abc import Container
from dataclasses import dataclass

from contracts.envelope import Fact, Stored, Unbelievable, Verifier, believe
from contracts.run import RunRedriven
from contracts.shape import Body
from shared.content import LogReader

UNFIT = "redrive_unfit"


@dataclass(frozen=True, slots=True)
class Work:
    """A fact to be handled, and the message that it was stored as."""

    fact: Fact[Body]
    stored: Stored
    redriven: bool = False


class Redrives:
    """Opens messages: a redrive stands for the fact that it names, any other for itself."""

    def __init__(self, reader: LogReader, verifier: Verifier) -> None:
        self._reader = reader
        self._verifier = verifier

    async def open(self, message: Stored, heard: Container[str]) -> Work:
        """The work that a message is; `heard` are the types of facts that may be redriven here.

        Raises:
            Unbelievable: it is no fact, or it is a redrive, and what it names is not there.
            LogUnavailable: the log did not answer.
        """
        message = await self._reader.complete(message)
        fact = believe(message, self._verifier)
        if not isinstance(fact.body, RunRedriven):
            return Work(fact, message)
        found = await self.at(fact.body.sequence)
        if found is None:
            raise _unfit(message, f"the log has no message {fact.body.sequence}")
        named = found.fact
        if (named.tenant, named.run_id, named.id) != (fact.tenant, fact.run_id, fact.cause_id):
            raise _unfit(message, f"message {fact.body.sequence} is not the fact that caused it")
        if named.type not in heard:
            raise _unfit(message, f"this service does not hear {named.type}")
        return Work(named, found.stored, redriven=True)

    async def at(self, sequence: int) -> Work | None:
        """The fact at a sequence of the log; None where nothing lies there.

        Raises:
            Unbelievable: what lies there is no fact.
            LogUnavailable: the log did not answer.
        """
        stored = await self._reader.at(sequence)
        return None if stored is None else Work(believe(stored, self._verifier), stored)


def _unfit(message: Stored, reason: str) -> Unbelievable:
    return Unbelievable(UNFIT, reason, message.subject)
