"""The users of one tenant: who hands tasks in, who is told what waits for people, who runs tools.

A producer of one tenant can neither submit nor hear anything of another. An approver only hears:
answers go through the console, which knows its people and signs what they decide. An executor hears
and reads the copy of its tenant's runs, and says outcomes in them alone.
"""

from collections.abc import Iterable

from contracts.hearings import HEARINGS
from contracts.subjects import (
    CONTENT,
    CONTENT_SUBJECT,
    CONTROL,
    DEAD_SUBJECT,
    EXECUTOR,
    FACTS,
    LIVE_PROGRESS,
    OBSERVER,
    PRODUCER,
    RUNS,
    STRAY_SUBMISSION,
    check_token,
    filter_of,
)
from contracts.tenancy import control_subjects_of, copy_of, heard_in, user_of, within

from .grants import consumes, counts_crashes, reads, said_by, wild
from .users import User, inbox

APPROVER = "approver"
CLASSES = (PRODUCER, APPROVER, EXECUTOR)
# Where a claim lies: who lost a race, or its acknowledgement, looks there for whose it is.
_CLAIMS = filter_of("tool.claimed")
_REVIEWS = tuple(kind.type for kind in FACTS if kind.type.startswith("review."))


def names_of(tenants: Iterable[str]) -> tuple[str, ...]:
    """The names of their users: `producer-acme`, `approver-acme`, `tool_executor-acme`.

    Raises:
        ValueError: a tenant is no token of a subject.
    """
    return tuple(f"{one}-{check_token('tenant', tenant)}" for tenant in tenants for one in CLASSES)


def tenant_users(tenants: Iterable[str]) -> tuple[User, ...]:
    """What each of them may say and hear, in the order of `names_of`.

    Raises:
        ValueError: as above.
    """
    return tuple(
        user
        for tenant in tenants
        for user in (_producer(check_token("tenant", tenant)), _approver(tenant), _executor(tenant))
    )


def beside_for(service: str, tenants: Iterable[str]) -> tuple[str, ...]:
    """What a service of all tenants may ask of their copies: who lets runs go, and tells of lag."""
    if service != OBSERVER:
        return ()
    copies = tuple(copy_of(tenant) for tenant in tenants)
    asked = (
        (f"$JS.API.STREAM.PURGE.{copy}", f"$JS.API.CONSUMER.INFO.{copy}.*", *reads(copy))
        for copy in copies
    )
    return tuple(subject for one in asked for subject in one)


def _producer(tenant: str) -> User:
    name = f"{PRODUCER}-{tenant}"
    said = (filter_of(kind.type) for kind in FACTS if kind.owner == PRODUCER)
    publish = (*(within(tenant, one) for one in said), within(tenant, STRAY_SUBMISSION))
    return User(name, publish, (inbox(name), f"run.{tenant}.>"))


def _approver(tenant: str) -> User:
    name = f"{APPROVER}-{tenant}"
    heard = (within(tenant, filter_of(type_)) for type_ in _REVIEWS)
    return User(name, (), (inbox(name), *heard))


def _executor(tenant: str) -> User:
    """It may not ask the log what lies in it: a request for that names no tenant."""
    name = user_of(EXECUTOR, tenant)
    heard = [heard_in(tenant, one) for one in HEARINGS if one.service == EXECUTOR]
    ordered = control_subjects_of(tenant)
    publish = (
        *(within(tenant, subject) for subject in said_by(EXECUTOR)),
        *(subject for copy, one in heard for subject in consumes(copy, one.durable)),
        *reads(copy_of(tenant)),
        f"$JS.API.DIRECT.GET.{RUNS}.{within(tenant, _CLAIMS)}",
        f"$JS.API.DIRECT.GET.{CONTENT}.content.{tenant}.>",
        within(tenant, wild(CONTENT_SUBJECT)),
        wild(DEAD_SUBJECT.replace("{service}", EXECUTOR)),
        *(subject for _, one in heard for subject in counts_crashes(EXECUTOR, one.durable)),
        within(tenant, wild(LIVE_PROGRESS)),
        *(f"$JS.API.DIRECT.GET.{CONTROL}.{subject}" for subject in ordered),
    )
    return User(name, publish, (inbox(name), *ordered))
