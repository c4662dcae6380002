"""Every group of checks, in the order to read them, looked at side by side."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .check import LIMIT_SECONDS, Check
from .clocks import look_at_clocks
from .configuration import READS_SECONDS, look_at_configuration
from .consumers import look_at_consumers
from .durability import look_at_durability
from .errors import UnknownGroup
from .finding import Finding
from .installation import Installation
from .keys import look_at_keys
from .machine import look_at_machine
from .packages import look_at_packages
from .permissions import look_at_permissions
from .postgres import look_at_postgres
from .servers import look_at_servers
from .services import look_at_services
from .storage import look_at_storage
from .streams import look_at_streams
from .telemetry import look_at_telemetry

CHECKS = (
    Check("machine", look_at_machine),
    Check("packages", look_at_packages),
    Check("config", look_at_configuration, READS_SECONDS),
    Check("keys", look_at_keys),
    Check("nats", look_at_servers),
    Check("permissions", look_at_permissions, 2 * LIMIT_SECONDS),
    Check("streams", look_at_streams),
    Check("consumers", look_at_consumers),
    Check("storage", look_at_storage),
    Check("durability", look_at_durability),
    Check("postgres", look_at_postgres),
    Check("clock", look_at_clocks),
    Check("telemetry", look_at_telemetry),
    Check("services", look_at_services),
)
GROUPS = tuple(check.name for check in CHECKS)

# Is told of every group that is done, for whoever waits.
OnDone = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Group:
    """What one group of checks found; never nothing."""

    name: str
    findings: tuple[Finding, ...]


def chosen(only: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these groups, of all where none is named.

    Raises:
        UnknownGroup: one of them does not exist.
    """
    if unknown := [name for name in only if name not in GROUPS]:
        raise UnknownGroup(unknown, GROUPS)
    return tuple(check for check in CHECKS if not only or check.name in only)


async def examine(
    installation: Installation,
    checks: Sequence[Check] = CHECKS,
    on_done: OnDone = lambda _group: None,
) -> tuple[Group, ...]:
    """Look at everything at once. It takes as long as the slowest, and that has a limit."""

    async def one(check: Check) -> Group:
        findings = await check.findings(installation)
        on_done(check.name)
        return Group(check.name, findings)

    return tuple(await asyncio.gather(*map(one, checks)))
