"""The gate on a tool call: what leaves by it is checked, then its values are traced and judged."""

from collections.abc import Sequence

from contracts.agent import DEPTH_LIMIT
from contracts.guardrail import ToolBlocked, Verdict
from contracts.history import Run, pinned
from contracts.history.lineage import grown_from, is_shadow
from contracts.history.vault import revealed, vault_of_all
from contracts.tool import ToolRequested
from shared.bus import Bus, Heard

from .checks.base import Content, Finding
from .desk import Desk
from .metrics import UNAVAILABLE
from .rules import (
    ToolPolicy,
    arguments_in,
    judge_call,
    judge_held,
    judge_shadow,
    unjudged,
)
from .rules.content import told
from .rules.leaving import NOTHING, Leaving, judge_leaving, leaves, texts_of


async def judge_request(run: Run, heard: Heard[ToolRequested], bus: Bus, desk: Desk) -> Verdict:
    """The verdict on a call that was requested.

    Raises:
        Again: nobody can tell whether its tool is held.
    """
    asked = heard.fact.body
    if heard.last:
        return ToolBlocked(
            rule=UNAVAILABLE,
            policy_version=desk.version_of(run),
            reason="the checks kept failing",
            call=asked.call,
            attempt=asked.attempt,
        )
    policy = desk.policy_of(run)
    if policy is None:
        return unjudged(asked, desk.version_of(run), desk.missing_policy(run))
    above = await _runs_above(run, bus, heard.fact.sequence)
    leaving = await _leaving(run, above, asked, policy, desk)
    verdict = judge_call(run, asked, policy, bus.clock.now(), above, leaving)
    if not is_shadow(run):
        return judge_held(verdict, desk.hold_on(run, asked.tool))
    parent = None
    if (grown := grown_from(run)) is not None:
        parent = await bus.read(run.tenant, grown.run_id, as_of=heard.fact.sequence)
    return judge_shadow(verdict, run, parent, asked, policy, bus.clock.now())


async def _runs_above(run: Run, bus: Bus, as_of: int) -> list[Run]:
    """The runs that called this one, the nearest first."""
    above = [run]
    while len(above) <= DEPTH_LIMIT:
        task = above[-1].submitted
        if task is None or task.body.parent is None:
            break
        above.append(await bus.read(run.tenant, task.body.parent.run_id, as_of=as_of))
    return above[1:]


async def _leaving(
    run: Run, above: Sequence[Run], asked: ToolRequested, policy: ToolPolicy, desk: Desk
) -> Leaving:
    """What the checks say of the arguments, with what the tool is given in place of tokens.

    Nothing where the call cannot run, or carries none.
    """
    manifest = pinned(run, asked.tool)
    if manifest is None or not leaves(manifest):
        return NOTHING
    text, _ = revealed(asked.arguments_json, manifest.reveals, vault_of_all(run, above))
    arguments = arguments_in(asked.model_copy(update={"arguments_json": text}))
    if arguments is None:
        return NOTHING
    guardrails = desk.guardrails_for(run)
    assert guardrails is not None, "a call belongs to a started run"
    reactions = policy.outgoing.of(asked.tool, guardrails.calls)
    findings: list[Finding] = []
    for text, checks in texts_of(manifest, arguments, tuple(reactions)):
        content = Content(text, "system", f"call:{asked.tool}", tenant=run.tenant)
        findings += await desk.find(checks, content)
    return judge_leaving(told(findings), reactions)
