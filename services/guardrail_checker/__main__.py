"""Run the guardrail checker: `python -m services.guardrail_checker`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.subjects import GUARDRAIL
from shared.canaries import load_canaries
from shared.config import load_agents, load_manifests, load_schedules
from shared.orders import following_orders
from shared.pins import load_pins
from shared.releases import following_releases
from shared.service import Core, Service, run_service

from .checks.catalogue import CheckLimits, build_checks
from .checks.configured import load_checks, load_judged
from .checks.judged import fit_agents, refuse_on_calls
from .checks.shelf import Shelf
from .desk import Desk
from .handlers import hears
from .metrics import count
from .policies.loading import load_others, load_policy
from .settings import Settings


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Load what verdicts are made with, follow orders and releases; start with all of it or not."""
    agents = load_agents(settings.config_dir)
    policy, others = load_policy(settings.config_dir), load_others(settings.config_dir)
    named = {
        name
        for agent in agents.values()
        for name in (*agent.guardrails.input, *agent.guardrails.output, *agent.guardrails.calls)
    }
    outgoing = {name for one in (policy, *others.values()) for name in one.outgoing.names()}
    configured, judged = load_checks(settings.config_dir), load_judged(settings.config_dir)
    fit_agents(judged, agents)
    refuse_on_calls(outgoing, judged)
    named = (named | outgoing) - judged.keys()
    # guardrails-ai takes seconds to import; only an agent that names its check pays for it.
    limits = CheckLimits(canaries=load_canaries(settings.canary_key_file))
    checks = await asyncio.to_thread(build_checks, sorted(named), limits, configured)
    known = core.client, GUARDRAIL, core.keyring, settings
    async with following_orders(*known) as orders, following_releases(*known) as releases:
        yield {
            "desk": Desk(
                agents,
                policy,
                Shelf(checks, configured, limits),
                settings.check_timeout_seconds,
                releases,
                others,
                load_schedules(settings.config_dir),
                manifests=load_manifests(settings.manifests_file),
                pins=load_pins(settings.config_dir),
                orders=orders,
                judged=judged,
            )
        }


def main() -> None:
    run_service(Service(GUARDRAIL, Settings(), hears, wire, on_said=count))


if __name__ == "__main__":
    main()
