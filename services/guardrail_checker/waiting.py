"""Content that waits for models: who is asked, and what they found, once all of them have ended.

Nothing waits in here. Whoever hears the content, or the end of a run that was asked about it, asks
again (the ids are derived, so nobody is asked twice), reads all of those runs as of that moment,
and gives the verdict if none is at work. So any replica may hear any end, and the last one sees
all. Their deadlines are those of runs: the engine ends each in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.envelope import Fact
from contracts.history import Run
from contracts.history.vault import vault_of
from contracts.shape import Body
from contracts.task import TaskPutToCheck
from shared.bus import Bus

from .checks.base import Content, Finding
from .checks.judged import At
from .desk import Desk
from .rules import Judged, Tokens, judge_text
from .rules.judged import Asking, askings, finding_of, not_ours


@dataclass(frozen=True, slots=True)
class Gate:
    """What a verdict is made with: as of where in the log, and whether it is the last try."""

    desk: Desk
    bus: Bus
    as_of: int
    last: bool


async def judge_content(
    run: Run, fact: Fact[Body], at: At, names: Sequence[str], content: Content, gate: Gate
) -> Judged | None:
    """What all checks make of a text; None while a model that was asked is at work.

    Models are asked about what the other checks let pass, and about nothing that was itself asked
    of a model: a check is not checked by checks.
    """
    # An answer goes to people, and no tool is given what stands in it.
    tokens = None if at == "answer" else Tokens(fact.id, vault_of(run))
    judged = await gate.desk.judge(names, content, tokens)
    if judged.blocked or is_check(run) or not judged.text.strip():
        return judged
    found: list[Finding] = []
    asked: list[Asking] = []
    for name, check in gate.desk.judged_at(at, names).items():
        asking = askings(run, fact, name, check, judged.text)
        if isinstance(asking, Finding):
            found.append(asking)
        else:
            asked += asking
    answers = [await _answer(one, run.tenant, gate) for one in asked]
    told = [one for one in answers if one is not None]
    if len(told) < len(asked):
        return None
    return judge_text(judged.text, (*found, *told), after=judged)


def is_check(run: Run) -> bool:
    """Whether in this run a model is asked by a check."""
    return run.submitted is not None and isinstance(run.submitted.body, TaskPutToCheck)


async def _answer(asked: Asking, tenant: str, gate: Gate) -> Finding | None:
    """What a model found, which is asked if nobody has; None while it is at work."""
    if not await gate.bus.submit(tenant, asked.run_id, asked.task):
        return not_ours(asked)
    answering = await gate.bus.read(tenant, asked.run_id, as_of=gate.as_of)
    return None if answering.end is None else finding_of(asked, answering)
