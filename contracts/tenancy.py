"""Where tenants are named, each has a tool executor of its own, which reads no other tenant.

The engine cannot limit by permissions what is read of a stream, only which stream is read. So each
tenant's runs are copied to a stream of their own, from which its executor hears and reads.
"""

from collections.abc import Iterable

from .hearings import HEARINGS, Hearing
from .subjects import EXECUTOR, RUNS, check_token

TENANTS_VARIABLE = "INTERLOCK_TENANTS"  # with commas between
TENANTS_LIMIT = 100  # the engine lists 256 streams at once
COPIES = f"{RUNS}_"  # how the names of all copies begin


def tenants_in(text: str) -> tuple[str, ...]:
    """The tenants that a setting names, with commas between.

    Raises:
        ValueError: one of them is no token of a subject, or they are too many.
    """
    named = (one.strip() for one in text.split(","))
    found = tuple(dict.fromkeys(check_token("tenant", one) for one in named if one))
    if len(found) > TENANTS_LIMIT:
        raise ValueError(f"{len(found)} tenants are named, of at most {TENANTS_LIMIT}")
    return found


def copy_of(tenant: str) -> str:
    """The stream with the runs of one tenant."""
    return f"{COPIES}{tenant}"


def control_subjects_of(tenant: str) -> tuple[str, ...]:
    """Where orders lie that may be about runs of this tenant, and none about another."""
    return ("control.platform", f"control.tenant.{tenant}", "control.agent.*", "control.tool.*")


def user_of(service: str, tenant: str | None) -> str:
    """The user of nats-server that a service is: of one tenant, or of all."""
    return service if tenant is None else f"{service}-{tenant}"


def within(tenant: str, subject: str) -> str:
    """The same subjects, of one tenant alone."""
    head, _, rest = subject.split(".", 2)
    return f"{head}.{tenant}.{rest}"


def hearings_of(tenants: Iterable[str] = ()) -> tuple[tuple[str, Hearing], ...]:
    """Who hears what on which stream, where these tenants are named."""
    named = tuple(tenants)
    return tuple(
        placed
        for hearing in HEARINGS
        for placed in (
            (tuple(heard_in(tenant, hearing) for tenant in named))
            if named and hearing.service == EXECUTOR
            else ((RUNS, hearing),)
        )
    )


def heard_in(tenant: str | None, hearing: Hearing) -> tuple[str, Hearing]:
    """A consumer of one tenant on its copy; on the log, where it hears all tenants."""
    if tenant is None:
        return (RUNS, hearing)
    return (copy_of(tenant), hearing.named(user_of(hearing.durable, tenant)))
