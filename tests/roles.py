"""The database as a service comes to it: by the role that it has, with that role's rights."""

from infra.migrations.grants import SERVICE_ROLES
from infra.platform.postgres_cluster import ROLE


def dsn_of(service: str, postgres_dsn: str) -> str:
    return postgres_dsn.replace(f"//{ROLE}@", f"//{SERVICE_ROLES[service]}@", 1)
