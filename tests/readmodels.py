"""The read models from both ends: as the observer writes them, and the console reads them."""

import asyncpg

from services.console.store import MemoryReadModel, PostgresReadModel
from services.observer.store import MemoryProjection, PostgresProjection


class MemoryRows(MemoryProjection, MemoryReadModel):
    """In memory."""

    def __init__(self) -> None:
        MemoryReadModel.__init__(self)
        MemoryProjection.__init__(self)


class PostgresRows(PostgresProjection, PostgresReadModel):
    """In PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        PostgresReadModel.__init__(self, pool)
        PostgresProjection.__init__(self, pool)
