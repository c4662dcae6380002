"""The users of one tenant: whoever hands its tasks in, and whoever is told what waits for people.

A producer of one tenant can neither submit nor hear anything of another. An approver only hears:
answers go through the console, which knows its people and signs what they decide.
"""

from collections.abc import Iterable

from contracts.subjects import FACTS, PRODUCER, STRAY_SUBMISSION, check_token, filter_of

from .users import User, inbox

APPROVER = "approver"
CLASSES = (PRODUCER, APPROVER)
_REVIEWS = tuple(kind.type for kind in FACTS if kind.type.startswith("review."))


def names_of(tenants: Iterable[str]) -> tuple[str, ...]:
    """The names of all users of these tenants: `producer-acme`, `approver-acme`.

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
        for user in (_producer(check_token("tenant", tenant)), _approver(tenant))
    )


def _producer(tenant: str) -> User:
    name = f"{PRODUCER}-{tenant}"
    said = (filter_of(kind.type) for kind in FACTS if kind.owner == PRODUCER)
    publish = (*(_within(tenant, one) for one in said), _within(tenant, STRAY_SUBMISSION))
    return User(name, publish, (inbox(name), f"run.{tenant}.>"))


def _approver(tenant: str) -> User:
    name = f"{APPROVER}-{tenant}"
    heard = (_within(tenant, filter_of(type_)) for type_ in _REVIEWS)
    return User(name, (), (inbox(name), *heard))


def _within(tenant: str, subject: str) -> str:
    """The same of one tenant alone."""
    return subject.replace("run.*.", f"run.{tenant}.", 1)
