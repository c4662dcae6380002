"""What verdicts are made with: agents and their releases, the policy, the checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from contracts.agent import Agent, Assigned, Guardrails
from contracts.guardrail import TaskCleared
from contracts.history import Run, pinned
from contracts.history.stubs import trial_of
from contracts.pins import Pins
from contracts.schedule import Schedule
from contracts.tool import ToolManifest
from shared.canaries import PLACEHOLDER
from shared.orders import EVERYTHING_RUNS
from shared.pins import ToolOrders, why_held
from shared.releases import AS_CONFIGURED, Releases

from .checks import canaries
from .checks.base import Content, Finding, run_checks
from .checks.judged import At, JudgedBy
from .checks.shelf import Shelf
from .metrics import UNAVAILABLE
from .rules import (
    Hold,
    Judged,
    Tokens,
    ToolPolicy,
    hold_of,
    judge_text,
    missing_policy,
    policy_of,
    policy_version,
    unfounded,
)

log = structlog.get_logger()


@dataclass(frozen=True)
class Desk:
    """What verdicts are made with."""

    agents: dict[str, Agent]
    policy: ToolPolicy
    checks: Shelf
    check_timeout_seconds: float
    releases: Releases = AS_CONFIGURED
    others: Mapping[str, ToolPolicy] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    manifests: Mapping[str, ToolManifest] = field(default_factory=dict)
    pins: Pins | None = None
    orders: ToolOrders = EVERYTHING_RUNS
    judged: Mapping[str, JudgedBy] = field(default_factory=dict)

    def policy_of(self, run: Run) -> ToolPolicy | None:
        """The policy that judges the calls of a run; None: its fork names one that is not here."""
        return policy_of(run, self.policy, self.others)

    def version_of(self, run: Run) -> str:
        """The version that the verdicts on a run carry."""
        return policy_version(run, self.policy)

    def missing_policy(self, run: Run) -> str | None:
        """Why a run cannot be judged by the policy that its fork names; None where it can."""
        return missing_policy(run, self.policy, self.others)

    def unfounded(self, run: Run, named: Run | None) -> str | None:
        """Why a task must not be cleared for what it claims of `named`; None where that is so.

        Raises:
            Again: its release is not known here yet.
        """
        return unfounded(run, named, self._agent_for(run), self.schedules)

    def hold_on(self, run: Run, tool: str) -> Hold | None:
        """What keeps every call of a tool of a run from being started; None if nothing does.

        Raises:
            Again: the orders could not be read for too long to be relied upon.
        """
        manifest = pinned(run, tool)
        if manifest is None or manifest.agent is not None:
            return None  # Nobody pins an agent: its run is held to what it may call itself.
        held = why_held(manifest, self.pins, self.orders.for_tool(tool))
        return hold_of(manifest, self.manifests.get(tool), held)

    async def judge(
        self, names: Sequence[str], content: Content, tokens: Tokens | None = None
    ) -> Judged:
        """What the named checks, and that for canaries, make of a text; those without a model."""
        named = (name for name in names if name not in self.judged)
        always = (canaries.NAME,) if self.plants else ()
        findings = await self.find(tuple(dict.fromkeys((*named, *always))), content)
        return judge_text(content.text, findings, tokens=tokens)

    async def find(self, names: Sequence[str], content: Content) -> tuple[Finding, ...]:
        """Run the named checks. One that this release does not have cannot tell, and blocks."""
        known = await self.checks.find(names)
        missing = [
            Finding(name, "block", UNAVAILABLE, "there is no such check here")
            for name in names
            if name not in self.checks.checks
        ]
        found = await run_checks(known, content, self.check_timeout_seconds)
        for one in found:
            if one.check == canaries.NAME and one.rule != UNAVAILABLE:
                log.error("guardrail_checker.canary_found", of=content.source, rule=one.rule)
        return (*missing, *found)

    def judged_at(self, at: At, names: Sequence[str]) -> dict[str, JudgedBy]:
        """The named checks that ask models about content of this place."""
        asked = {name: self.judged[name] for name in names if name in self.judged}
        return {name: check for name, check in asked.items() if at in check.at}

    @property
    def plants(self) -> bool:
        """Whether there is a key, and so are canaries."""
        return self.checks.limits.canaries is not None

    def agent_of(self, name: str, assigned: Assigned | None) -> Agent | None:
        """The agent of a release, or as it is configured; None where there is no such agent.

        Raises:
            Again: the release is not known here yet.
        """
        if assigned is None or assigned.version is None:
            return self.agents.get(name)
        return self.releases.definition(name, assigned.version)

    def guardrails_for(self, run: Run) -> Guardrails | None:
        """The checks that a run has pinned; before it starts, those that it will.

        Of a definition that is tried, the platform's hold beside its own: whoever may submit a task
        may try one. None: there is no such agent.

        Raises:
            Again: as above.
        """
        trial = trial_of(run)
        tried = None if trial is None else trial.definition
        if run.started is not None and tried is None:
            return run.started.body.agent.guardrails
        agent = self._agent_for(run)
        if agent is None or tried is None:
            return None if agent is None else agent.guardrails
        return both(agent.guardrails, tried.guardrails)

    def not_of_agent(self, run: Run, tools: Iterable[str]) -> list[str]:
        """Which of the tools the agent of a run cannot call. A definition on trial may have any.

        Raises:
            Again: as above.
        """
        trial, agent = trial_of(run), self._agent_for(run)
        if agent is None or (trial is not None and trial.definition is not None):
            return []
        return agent.unplannable(tools)

    def unready(self, run: Run) -> tuple[str, str] | None:
        """Why a run cannot be begun as things stand here: a rule and a sentence.

        Raises:
            Again: as above.
        """
        if (unfit := self.missing_policy(run)) is not None:
            return "unknown_policy", unfit
        if self._wants_canary(run) and not self.plants:
            unset = "its instructions plant a canary, and INTERLOCK_CANARY_KEY_FILE is not set here"
            return "no_canary_key", unset
        return None

    def _wants_canary(self, run: Run) -> bool:
        """Whether the instructions of its agent, or of a definition on trial, plant one."""
        trial, agent = trial_of(run), self._agent_for(run)
        tried = None if trial is None else trial.definition
        return any(PLACEHOLDER in one.instructions for one in (agent, tried) if one is not None)

    def _agent_for(self, run: Run) -> Agent | None:
        """The agent of a run as the platform has it, by the release that it is of."""
        if run.submitted is None:
            return None
        task = run.submitted.body
        if run.verdict is not None and isinstance(run.verdict.body, TaskCleared):
            return self.agent_of(task.agent, run.verdict.body.assigned)
        return self.agent_of(task.agent, self.releases.assign(run.tenant, run.run_id, task))


def both(one: Guardrails, other: Guardrails) -> Guardrails:
    """The checks of both, each once."""
    return Guardrails(
        input=tuple(dict.fromkeys((*one.input, *other.input))),
        output=tuple(dict.fromkeys((*one.output, *other.output))),
        calls=tuple(dict.fromkeys((*one.calls, *other.calls))),
    )
