"""Do agents, tools, models, prices and policies parse, and do they agree with each other?

What services do at their start is done here again, so that a mistake is told with its file before
a restart finds it.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime

from contracts.agent import Agent
from infra.dev.configuration import check_configuration
from services.cost_ledger.adapters import open_price_book
from services.cost_ledger.rules.offer import route_name
from services.evaluator.scorers.assertions import ASSERTIONS
from services.guardrail_checker.checks.catalogue import build_checks
from shared.catalogue import load_models
from shared.config import load_agents, load_manifests
from shared.errors import ConfigError

from .check import aside
from .finding import Finding, fail, ok, skipped, warn
from .installation import Installation
from .mcp_servers import look_at_servers

READS_SECONDS = 30.0  # the price book, and checks of guardrails-ai, take seconds to import

Part = Callable[[Installation], Awaitable[Sequence[Finding]]]


async def look_at_configuration(installation: Installation) -> Sequence[Finding]:
    folder = installation.config_dir
    try:
        await aside(lambda: check_configuration(folder))
    except (ConfigError, OSError) as error:
        return (fail("files", str(error), f"edit it in {folder}"),)
    findings = [ok("files", f"{folder} parses")]
    for name, part in PARTS.items():
        try:
            findings += await part(installation)
        except (ConfigError, OSError) as error:
            findings.append(fail(name, str(error), f"edit it in {folder}"))
    return findings


async def _tools(installation: Installation) -> Sequence[Finding]:
    return await aside(lambda: tuple(judge_tools(installation)))


def judge_tools(installation: Installation) -> Iterator[Finding]:
    """Every tool that an agent names is pinned; every agent that it calls exists."""
    agents = load_agents(installation.config_dir)
    path = installation.manifests_file
    pinned = set(load_manifests(path))
    strange = sorted(
        f"{agent.name} calls {callee.agent!r}"
        for agent in agents.values()
        for callee in agent.agents.values()
        if callee.agent not in agents
    )
    if strange:
        where = installation.config_dir / "agents"
        yield fail("agents", f"no such agent: {'; '.join(strange)}", f"edit agents: in {where}")
    if not path.exists():
        yield skipped("tools", f"{path} is not here: tools are pinned when the platform starts")
        return
    missing = [one for agent in agents.values() for one in _unpinned(agent, pinned)]
    if missing:
        remedy = f"python -m services.tool_executor manifests --out {path}; or edit the agent"
        yield fail("tools", f"{path} does not pin {'; '.join(missing)}", remedy)
    else:
        yield ok("tools", f"{len(pinned)} pinned")


def _unpinned(agent: Agent, pinned: set[str]) -> list[str]:
    return [f"{tool!r} of {agent.name}" for tool in agent.tools if tool not in pinned]


async def _prices(installation: Installation) -> Sequence[Finding]:
    """A route without a price is never called."""
    book = await open_price_book(installation.config_dir)
    now = datetime.now(UTC)
    routes = {
        route_name(route): route
        for alias in load_models(installation.config_dir).aliases.values()
        for route in alias.routes
    }
    unpriced = sorted(name for name, route in routes.items() if book.tariff(route, now) is None)
    if unpriced:
        path = installation.config_dir / "prices.yaml"
        detail = f"no price for {', '.join(unpriced)}: never called"
        return (warn("prices", detail, f"add it to {path}"),)
    return (ok("prices", f"{len(routes)} routes have one ({book.version})"),)


async def _checks(installation: Installation) -> Sequence[Finding]:
    """The guardrail checker and the evaluator refuse to start on a name that they do not know."""
    agents = load_agents(installation.config_dir).values()
    named = sorted({one for agent in agents for one in _checks_of(agent)})
    await aside(lambda: build_checks(named))
    asserted = {(agent.name, one) for agent in agents for one in agent.evaluators}
    unknown = sorted(pair for pair in asserted if pair[1].partition(":")[0] not in ASSERTIONS)
    if unknown:
        told = "; ".join(f"{assertion!r} of {agent}" for agent, assertion in unknown)
        remedy = f"evaluators: in {installation.config_dir / 'agents'}: {', '.join(ASSERTIONS)}"
        return (fail("checks", f"no such assertion: {told}", remedy),)
    return (ok("checks", f"{len(named)} checks, {len(asserted)} assertions are known"),)


def _checks_of(agent: Agent) -> tuple[str, ...]:
    return (*agent.guardrails.input, *agent.guardrails.output, *agent.guardrails.calls)


PARTS: dict[str, Part] = {
    "tools": _tools,
    "servers": look_at_servers,
    "prices": _prices,
    "checks": _checks,
}
