"""The model itself: a conversation goes in, the answer and its script come out."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.simulator.compose import compose, echo, seal
from infra.simulator.conversation import Conversation, broken_pairing
from infra.simulator.errors import RequestRefused
from infra.simulator.faults import Fault
from infra.simulator.instant import INSTANT_MODEL, instant_reply
from infra.simulator.playback import find_scenario, find_turn
from infra.simulator.reply import Reply, derived_key
from infra.simulator.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Performance:
    """An answer and where it comes from; `reply` is None where the script only fails."""

    scenario: str
    turn: int | None
    reply: Reply | None
    delay_seconds: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Player:
    """The scenarios and the seed; the same request always gets the same performance.

    A request with a seed of its own draws by both.
    """

    scenarios: Sequence[Scenario]
    seed: int

    def perform(self, conversation: Conversation) -> Performance:
        """Answer a request; raises RequestRefused where a provider would answer 400."""
        self._check(conversation)
        seed = self._seed_of(conversation)
        if conversation.model == INSTANT_MODEL:
            return Performance("instant", None, instant_reply(conversation, seed))
        found = find_scenario(self.scenarios, conversation)
        if found is None:
            return Performance("echo", None, echo(conversation, seed))
        scenario, captures = found
        cue = find_turn(scenario, conversation, seed)
        if cue is None:
            reply = echo(conversation, seed, ended=scenario.name)
            return Performance(scenario.name, None, reply)
        fault, delay = cue.turn.fault, cue.turn.delay_ms / 1000
        if fault is not None and fault.refuses and fault.times is None:
            return Performance(scenario.name, cue.number, None, delay, fault)
        try:
            reply = compose(scenario, cue, captures, conversation, seed)
        except RequestRefused as error:
            where = f"scenario {scenario.name!r}, turns[{cue.number}]"
            raise RequestRefused(f"simulator: {where}: {error}") from error
        return Performance(scenario.name, cue.number, reply, delay, fault)

    def _seed_of(self, conversation: Conversation) -> int:
        if conversation.seed is None:
            return self.seed
        return int(derived_key(self.seed, "asked", conversation.seed), 16)

    def _check(self, conversation: Conversation) -> None:
        if not conversation.turns:
            raise RequestRefused("the conversation is empty: send at least one user message")
        broken = broken_pairing(conversation.turns)
        if broken:
            raise RequestRefused(broken)
        for block in conversation.sealed:
            if block.seal != seal(self.seed, block.text):
                raise RequestRefused(
                    "a reasoning block was changed, or is another provider's: send each back "
                    "byte for byte to the provider that made it, and to no other"
                )
