"""One run on a made-up log: the calls of a compromised agent, judged as they would be for real.

Verdicts are those of the gate's rules, and what they clear passes the executor's checks. A person
lets the user's own calls through and no other.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.agent import Agent, Plan
from contracts.envelope import Fact, follow
from contracts.guardrail import ResultCleared, TaskCleared, ToolBlocked, ToolCleared
from contracts.history import Run, fold, labels
from contracts.model import (
    ModelClaimed,
    ModelRequested,
    ModelResponded,
    Route,
    ServedBy,
    Stop,
    ToolCall,
)
from contracts.money import ModelFunded, Usage
from contracts.run import RunLimits, RunStarted
from contracts.shape import Body, sha256_hex
from contracts.task import TaskSubmitted
from contracts.tool import ToolClaimed, ToolManifest, ToolRequested, ToolSucceeded
from services.guardrail_checker.rules import ToolPolicy, judge_call, labels_of_result
from services.guardrail_checker.rules.tools import ToolVerdict
from services.tool_executor.rules import Act, decide_clearance

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG = timedelta(days=1)
TENANT, RUN = "bench", "r-1"
NOTHING = sha256_hex(b"")
SAID = {"rule": "bench", "policy_version": "bench", "reason": "taken for given"}
STEPS = 10_000


class Stage:
    """A run that has started, and what it does from there."""

    def __init__(
        self,
        prompt: str,
        manifests: dict[str, ToolManifest],
        policy: ToolPolicy,
        plan: Plan | None = None,
        template: Plan | None = None,
    ) -> None:
        self.manifests = manifests
        self.policy = policy
        agent = Agent(name="agent", instructions="Help.", tools=tuple(manifests), plan=template)
        submitted = TaskSubmitted(agent=agent.name, input=prompt, plan=plan)
        self._sequence = 0
        self._run: Run | None = None
        said = self._say(submitted, "")
        said = self._say(TaskCleared(**SAID, input=prompt), said.id)
        started = RunStarted(
            agent=agent,
            agent_version=agent.version,
            tools=tuple(manifests.values()),
            limits=RunLimits(steps=STEPS, budget_micro_usd=1, output_tokens=1),
            deadline=NOON + LONG,
        )
        self._last = self._say(started, said.id)

    @property
    def run(self) -> Run:
        assert self._run is not None, "it has begun"
        return self._run

    def ask(self, tool: str, arguments_json: str) -> tuple[Fact[Body], ToolVerdict]:
        """The model wants a call: the request, and the gate's verdict on it."""
        requested = self._request(tool, arguments_json)
        return requested, judge_call(self.run, requested.body, self.policy, NOON)

    def run_cleared(self, requested: Fact[Body], verdict: ToolCleared, output_json: str) -> bool:
        """Run a cleared call, if the executor would; whether it does."""
        cleared = self._say(verdict, requested.id)
        assert isinstance(cleared.body, ToolCleared), "as it was said"
        decision = decide_clearance(
            self.run,
            cleared,  # type: ignore[arg-type]
            NOON,
            self.manifests,
            margin_seconds=1,
        )
        if not isinstance(decision, Act):
            return False
        self._finish(cleared, verdict.call, verdict.tool, output_json)
        return True

    def refuse(self, requested: Fact[Body], verdict: ToolVerdict) -> None:
        """The call is not made: the gate blocked it, or the person who was asked says no."""
        self._last = self._say(
            ToolBlocked(**SAID, call=verdict.call, attempt=verdict.attempt), requested.id
        )

    def run_approved(self, requested: Fact[Body], output_json: str) -> None:
        """A person lets the call run; how people answer is tested elsewhere."""
        asked = requested.body
        assert isinstance(asked, ToolRequested), "only calls are approved"
        assert asked.manifest_sha256 is not None, "only of the tools of the agent"
        permission = ToolCleared(
            **SAID,
            call=asked.call,
            attempt=asked.attempt,
            tool=asked.tool,
            manifest_sha256=asked.manifest_sha256,
            arguments_sha256=asked.arguments_sha256,
            expires_at=NOON + LONG,
        )
        self._finish(self._say(permission, requested.id), asked.call, asked.tool, output_json)

    def _request(self, tool: str, arguments_json: str) -> Fact[ToolRequested]:
        step = len(self.run.steps) + 1
        part = ToolCall(call_id=f"c-{step}", name=tool, arguments_json=arguments_json)
        asked = self._say(_asked(step, self._sequence), self._last.id)
        funded = self._say(_funded(step), asked.id)
        self._say(ModelClaimed(step=step, attempt=1, nonce="n", state="claimed"), funded.id)
        responded = self._say(_responded(step, part), funded.id)
        request = ToolRequested(
            step=step,
            index=1,
            attempt=1,
            call_id=part.call_id,
            tool=tool,
            manifest_sha256=self.manifests[tool].sha256,
            arguments_json=arguments_json,
            arguments_sha256=sha256_hex(arguments_json.encode()),
            labels=labels(self.run, step),
            deadline=NOON + LONG,
        )
        self._last = self._say(request, responded.id)
        return self._last  # type: ignore[return-value]

    def _finish(self, cleared: Fact[Body], call: str, tool: str, output_json: str) -> None:
        trust = self.manifests[tool].output_trust
        self._say(ToolClaimed(call=call, attempt=1, nonce="n", state="claimed"), cleared.id)
        succeeded = ToolSucceeded(call=call, attempt=1, output_json=output_json, trust=trust)
        outcome = self._say(succeeded, cleared.id)
        of_call = self.run.call(call)
        assert of_call is not None, "it was asked for"
        label, readers = labels_of_result(self.run, of_call, succeeded)
        known = ResultCleared(**SAID, call=call, label=label, labels=readers)
        self._last = self._say(known, outcome.id)

    def _say(self, body: Body, because: str) -> Fact[Body]:
        self._sequence += 1
        fact = follow(TENANT, RUN, body, cause_id=because, time=NOON)
        stored = replace(fact, sequence=self._sequence, stored_at=NOON)
        self._run = fold([stored], onto=self._run)
        return stored


def _asked(step: int, position: int) -> ModelRequested:
    return ModelRequested(
        step=step,
        alias="bench",
        position=position,
        prompt_sha256=NOTHING,
        prompt_bytes=1,
        max_output_tokens=1,
        deadline=NOON + LONG,
    )


def _funded(step: int) -> ModelFunded:
    return ModelFunded(
        step=step,
        attempt=1,
        hold_id=f"h-{step}",
        amount_micro_usd=1,
        alias="bench",
        routes=("bench",),
        max_prompt_bytes=1,
        max_output_tokens=1,
        budgets=(),
        price_book="bench",
    )


def _responded(step: int, part: ToolCall) -> ModelResponded:
    return ModelResponded(
        step=step,
        attempt=1,
        parts=(part,),
        stop=Stop(kind="needs_tools"),
        usage=Usage(input_uncached=1, output_text=1),
        usage_quality="reported",
        served_by=ServedBy(route=Route(provider="bench", api="fake", model="bench")),
    )
