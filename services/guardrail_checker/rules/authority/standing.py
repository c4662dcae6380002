"""The standing of one call: what Cedar is told of it, all of it computed from the log."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from contracts.history import Run, labels
from contracts.history.planning import plan_of
from contracts.history.vault import Vault, vault_of_all
from contracts.tool import Effect, Sink, ToolManifest, ToolRequested
from services.guardrail_checker.rules.numbers import finite
from services.guardrail_checker.rules.policy import ToolPolicy
from services.guardrail_checker.rules.readers import beyond_readers
from services.guardrail_checker.rules.trust import EXTERNAL, said_by_user

from .origins import Origin, Sources
from .payload import active, links, put_in
from .reads import Plan, arguments_of, earlier_calls, manifests_of, results_before
from .records import Scalar, every_scalar
from .words import Words

CONTEXT_NAME: dict[Sink, str] = {
    "destination": "destination",
    "id": "object",
    "amount": "amount",
    "credential": "secret",
}
OUTWARD: tuple[Effect, ...] = ("egress", "money")
MICRO = 1_000_000
DOUBTS_SHOWN = 3
VALUE_SHOWN = 80
AMOUNT_LIMIT = 10**12  # above it, an amount is as large as this


@dataclass(frozen=True, slots=True)
class Traced:
    """One value of a call that decides who or what is affected, and where it comes from."""

    argument: str
    name: str
    """What the context calls it: destination, object, amount, secret, payload."""
    value: Scalar
    origin: Origin

    def __str__(self) -> str:
        shown = str(self.value)
        cut = shown if len(shown) <= VALUE_SHOWN else f"{shown[:VALUE_SHOWN]}..."
        return f"{self.argument} {cut!r} {_TOLD[self.origin]}"


_TOLD: dict[Origin, str] = {
    "user": "is the user's own",
    "tenant": "is on the tenant's list",
    "created": "was made in this run",
    "clean": "stands in the tenant's own records",
    "named": "belongs to what the user named",
    "bounded": "is within what the user or the payee's records state",
    "vouched": "was found by a planned read",
    "read": "was found by a read that nobody planned",
    "outside": "stands only in text from outside",
    "model": "stands nowhere but in the call",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One call before the policy: who calls what, the context, and each traced value."""

    agent: str
    tools: tuple[str, ...]
    tool: str
    effect: Effect
    context: dict[str, object]
    traced: tuple[Traced, ...]

    def doubts(self) -> str:
        """Which values nothing of the user's or the tenant's vouches for, for who is asked."""
        weak: tuple[Origin, ...] = ("vouched", "read", "outside", "model")
        told = [str(one) for one in self.traced if one.origin in weak and one.name != "secret"]
        more = f"; and {len(told) - DOUBTS_SHOWN} more" if len(told) > DOUBTS_SHOWN else ""
        return "; ".join(told[:DOUBTS_SHOWN]) + more


def standing_of(
    run: Run,
    asked: ToolRequested,
    manifest: ToolManifest,
    policy: ToolPolicy,
    *,
    approved: bool,
    above: Sequence[Run] = (),
) -> Standing:
    """Trace every value of a call and count what came before it. Nothing is asked of the model.

    `above` are the runs that called this one: its user's words are theirs.
    """
    plan = plan_of(run)
    words = Words(said_by_user(run, asked.step, above))
    results = results_before(run, asked.step, words, plan)
    sources = Sources(words, policy.destinations, results, plan is not None)
    arguments = arguments_of(asked)
    vault = vault_of_all(run, above) if manifest.reveals else {}
    traced = (*_sinks(manifest, arguments, sources), *_payload(manifest, arguments, sources, vault))
    earlier = list(earlier_calls(run, asked))
    read = {*asked.labels, *labels(run, asked.step)}
    context: dict[str, object] = {
        "tenant": run.tenant,
        "approved": approved,
        **_counts(run, asked, earlier, plan, policy),
        "spent_micro_usd": _spent(run),
        "untrusted": EXTERNAL in read,
        "private": any(label.startswith("tool:") for label in read),
        "strayed": any(not one.is_vouched for one in results if one.manifest.effect == "read"),
        "beyond_readers": _is_told(manifest, arguments)
        and beyond_readers((one.value for one in traced if one.name == "destination"), read),
        "outward": manifest.effect in OUTWARD,
        "declared": bool(manifest.sinks),
        "anchored": _is_anchored(manifest, arguments, words),
        "repeated": _is_repeated(manifest, arguments, asked, earlier),
        "largest_amount": _largest(traced),
        **_origins(traced),
    }
    tools = tuple(manifests_of(run))
    return Standing(_agent(run), tools, manifest.name, manifest.effect, context, traced)


def _sinks(
    manifest: ToolManifest, arguments: dict[str, object], sources: Sources
) -> Iterator[Traced]:
    found = [
        Traced(name, CONTEXT_NAME[sink], value, sources.of(value, sink))
        for name, sink in manifest.sinks.items()
        for value in every_scalar(arguments.get(name))
    ]
    bound = _bound(found, sources)
    for one in found:
        number = finite(one.value) if one.name == "amount" else None
        is_within = number is not None and 0 < number <= bound
        if is_within and one.origin not in ("user", "clean", "named"):
            yield replace(one, origin="bounded")
        else:
            yield one


def _bound(sinks: list[Traced], sources: Sources) -> Decimal:
    """How much may go to these payees unasked: nothing where one of them is a stranger."""
    payees = [one for one in sinks if one.name in ("destination", "object")]
    if not payees or any(one.origin not in ("user", "tenant", "clean") for one in payees):
        return Decimal(0)
    return sources.bound(one.value for one in payees)


def _payload(
    manifest: ToolManifest, arguments: dict[str, object], sources: Sources, vault: Vault
) -> Iterator[Traced]:
    """A read sends nothing but by a link; whatever has an effect, by anything that acts.

    What a tool is given in the place of a token acts no less, and is traced by its token.
    """
    find = links if manifest.effect == "read" else active
    for name, value in arguments.items():
        if manifest.effect == "read" or name not in manifest.sinks:
            told = put_in(value, vault, find) if name in manifest.reveals else ()
            for text in dict.fromkeys((*find(value), *told)):
                yield Traced(name, "payload", text, sources.of_payload(text))


def _counts(
    run: Run,
    asked: ToolRequested,
    earlier: list[ToolRequested],
    plan: Plan | None,
    policy: ToolPolicy,
) -> dict[str, object]:
    manifests = manifests_of(run)
    calls = sum(one.tool == asked.tool for one in earlier)
    with_effect = (
        one for one in earlier if one.tool in manifests and manifests[one.tool].effect != "read"
    )
    return {
        "has_plan": plan is not None,
        "planned": plan is None or calls < plan.get(asked.tool, 0),
        "calls": calls,
        "effects": sum(1 for _ in with_effect),
        "effects_limit": policy.effects_without_plan,
    }


def _is_anchored(manifest: ToolManifest, arguments: dict[str, object], words: Words) -> bool:
    """A call that says whom or what it affects is judged by that; any other, by its words."""
    if any(every_scalar(arguments.get(name)) for name in manifest.sinks):
        return True
    given = [value for value in arguments.values() if value is not None]
    return not given or any(words.name(value) for value in given if isinstance(value, str))


def _is_told(manifest: ToolManifest, arguments: dict[str, object]) -> bool:
    """Whether somebody is told something: by what leaves, or by the text beside a payment."""
    if manifest.effect == "money":
        return any(
            isinstance(value, str)
            for name, given in arguments.items()
            if name not in manifest.sinks
            for value in every_scalar(given)
        )
    return manifest.effect == "egress"


def _is_repeated(
    manifest: ToolManifest,
    arguments: dict[str, object],
    asked: ToolRequested,
    earlier: list[ToolRequested],
) -> bool:
    own = _targets(manifest, arguments)
    if not own:
        return False
    others = (arguments_of(one) for one in earlier if one.tool == asked.tool)
    return any(own & _targets(manifest, other) for other in others)


def _targets(manifest: ToolManifest, arguments: dict[str, object]) -> set[tuple[str, str]]:
    return {
        (name, str(value).casefold())
        for name, sink in manifest.sinks.items()
        if sink in ("destination", "id")
        for value in every_scalar(arguments.get(name))
    }


def _largest(traced: Iterable[Traced]) -> int:
    numbers = [finite(one.value) for one in traced if one.name == "amount"]
    sizes = [min(abs(number), Decimal(AMOUNT_LIMIT)) for number in numbers if number is not None]
    return int(max(sizes, default=Decimal(0)) * MICRO)


def _origins(traced: Iterable[Traced]) -> dict[str, list[str]]:
    names = (*CONTEXT_NAME.values(), "payload")
    return {name: sorted({one.origin for one in traced if one.name == name}) for name in names}


def _spent(run: Run) -> int:
    attempts = (attempt for step in run.steps for attempt in step.attempts)
    return sum(one.settled.body.cost_micro_usd for one in attempts if one.settled is not None)


def _agent(run: Run) -> str:
    assert run.started is not None, "a call belongs to a started run"
    return run.started.body.agent.name
