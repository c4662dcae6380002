"""Is the durability that somebody claims the one that runs? The servers are asked, not settings."""

from collections.abc import Sequence

from infra.platform.attestation import PROMISES, REMEDIES, Attested, Unattested, attest
from infra.platform.nats import Durability

from .finding import Finding, fail, ok, skipped, warn
from .installation import DURABILITY_VARIABLE, MONITORING_VARIABLE, Installation

NAME = "mode"
STRONGER = (
    "interlock dev --durability durable, or replicated, for what must not be lost: "
    "docs/durability.md"
)
NAME_THEM = f"name the monitoring of every node in {MONITORING_VARIABLE}"
LOOK = "start the nodes that are away: until all are current, the loss of one more may stop the log"


async def look_at_durability(installation: Installation) -> Sequence[Finding]:
    return (await check_durability(installation),)


async def check_durability(installation: Installation) -> Finding:
    claimed, urls = installation.durability, installation.monitoring_urls
    if claimed and claimed not in list(Durability):
        names = ", ".join(Durability)
        return fail(NAME, f"no mode is named {claimed!r}", f"set {DURABILITY_VARIABLE}: {names}")
    mode = Durability(claimed) if claimed else None
    if not urls:
        return _unasked(mode, installation)
    try:
        return judge_durability(mode, await attest(urls))
    except Unattested as error:
        return fail(NAME, f"{f'{mode} is claimed, and ' if mode else ''}{error}", NAME_THEM)


def _unasked(claimed: Durability | None, installation: Installation) -> Finding:
    if claimed is not None:
        said = f"{DURABILITY_VARIABLE} claims {claimed}, and no server is known to attest it"
        return fail(NAME, said, f"start the platform, or {NAME_THEM}")
    if installation.kind == "deployment":
        return skipped(NAME, f"{MONITORING_VARIABLE} is not set, so no server can be asked")
    detail = f"nothing runs; interlock dev starts in fast: {PROMISES[Durability.FAST]}"
    return warn(NAME, detail, STRONGER)


def judge_durability(claimed: Durability | None, found: Attested) -> Finding:
    """A mode that is claimed and not met fails; what was promised to somebody is not so."""
    runs = f"{found.mode} ({found.detail}): {PROMISES[found.mode]}"
    if claimed is not None and not found.meets(claimed):
        return fail(NAME, f"{claimed} is claimed, and what runs is {runs}", REMEDIES[claimed])
    if found.shortfalls:
        return warn(NAME, f"{runs}; {'; '.join(found.shortfalls)}", LOOK)
    if found.mode is Durability.FAST:
        return warn(NAME, runs, STRONGER)
    return ok(NAME, runs)
