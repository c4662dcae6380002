"""Which scenario answers a request, and with which of its turns: pure, and without memory.

Plain turns are the script, played in order. A turn with `when` interrupts it: it answers as soon
as its condition holds, at most `repeat` times, and the script goes on where it was. Where the
script stands is found by playing the request's own history again from its first answer.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from infra.simulator.conversation import Conversation, Moment
from infra.simulator.reply import derived_key
from infra.simulator.scenario import Match, Scenario, Turn, When

DRAW_RANGE = 16**24

Captures = dict[str, str]


@dataclass(frozen=True, slots=True)
class Cue:
    """The turn that answers now, and what its condition captured."""

    turn: Turn
    number: int
    captures: Captures = field(default_factory=dict)


def find_scenario(
    scenarios: Sequence[Scenario], conversation: Conversation
) -> tuple[Scenario, Captures] | None:
    """The first scenario that fits the request, with the groups its patterns captured."""
    for scenario in scenarios:
        captures = match_captures(scenario.match, conversation)
        if captures is not None:
            return scenario, captures
    return None


def match_captures(match: Match, conversation: Conversation) -> Captures | None:
    """What a match captures of a request; None when it does not fit."""
    if match.model is not None and not fnmatchcase(conversation.model, match.model):
        return None
    captures: Captures = {}
    for pattern, text in ((match.system, conversation.system), (match.user, conversation.opening)):
        found = _search(pattern, text)
        if found is None:
            return None
        captures |= found
    return captures


def find_turn(scenario: Scenario, conversation: Conversation, seed: int) -> Cue | None:
    """The turn that answers now; None when the script has come to its end."""
    if all(turn.when is None for turn in scenario.turns):
        return _scripted(scenario, conversation.now.step)
    played: Counter[int] = Counter()
    cue: Cue | None = None
    for moment in conversation.moments:
        cue = _interruption(scenario, moment, played, (seed, scenario.name, conversation.opening))
        if cue is None:
            # Every answer so far that was no interruption was a step of the script.
            cue = _scripted(scenario, moment.step - played.total())
        else:
            played[cue.number] += 1
    return cue


def draw(*parts: object) -> float:
    """A number from 0 up to 1 that depends on nothing but the parts."""
    return int(derived_key(*parts), 16) / DRAW_RANGE


def _scripted(scenario: Scenario, position: int) -> Cue | None:
    for number, turn in enumerate(scenario.turns):
        if turn.when is not None:
            continue
        if turn.repeat == "forever" or position < turn.repeat:
            return Cue(turn, number)
        position -= turn.repeat
    return None


def _interruption(
    scenario: Scenario, moment: Moment, played: Counter[int], origin: tuple[object, ...]
) -> Cue | None:
    for number, turn in enumerate(scenario.turns):
        if turn.when is None or (turn.repeat != "forever" and played[number] >= turn.repeat):
            continue
        chance = turn.when.chance
        if chance is not None and draw(*origin, number) >= chance:
            continue
        captures = _when_captures(turn.when, moment)
        if captures is not None:
            return Cue(turn, number, captures)
    return None


def _when_captures(when: When, moment: Moment) -> Captures | None:
    if when.at_step is not None and when.at_step != moment.step:
        return None
    captures = _search(when.user_matches, moment.latest_user)
    if captures is None or (when.tool is None and when.tool_result_matches is None):
        return captures
    for tool, text in moment.results:
        found = _search(when.tool_result_matches, text)
        if when.tool in {None, tool} and found is not None:
            return captures | found
    return None


def _search(pattern: str | None, text: str) -> Captures | None:
    """The groups a pattern captures, by name and number; nothing is asked without a pattern."""
    if pattern is None:
        return {}
    found = re.search(pattern, text)
    if found is None:
        return None
    numbered = {str(n): group or "" for n, group in enumerate(found.groups(), start=1)}
    return numbered | {name: group or "" for name, group in found.groupdict().items()}
