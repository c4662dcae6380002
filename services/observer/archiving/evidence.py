"""What there is of a run, noted before it is deleted: the proof of what was."""

import json
from typing import Any

from contracts.export import write
from contracts.subjects import run_prefix
from services.observer.adapters.archive_log import ArchiveLog, Lying
from services.observer.store.archives import PostgresArchives
from services.observer.store.kinship import PostgresKinship

# What a deletion does not reach. Whoever orders one is told, and so is whoever reads the proof.
REMAINS = (
    "its id, in the log's tombstone",
    "amounts in the money ledger: by run, and by customer where one was named",
    "runs above it, which hold what it answered them, until they are deleted too",
    "dead letters about it, for at most 30 days",
    "the memory of running services, until they restart or forget it",
    "backups of PostgreSQL, of the log and of archives; and files that were exported",
    "traces, metrics and logs that went to other systems",
    "what model providers and tools were sent, and keep",
)


class Witness:
    """Looks at everything that is known of a run, and changes nothing."""

    def __init__(
        self, log_: ArchiveLog, archives: PostgresArchives, kinship: PostgresKinship
    ) -> None:
        self._log = log_
        self._archives = archives
        self._kinship = kinship

    async def look(self, tenant: str, run_id: str) -> dict[str, Any]:
        """Counts, places and digests; no content."""
        lying = await self._log.lying(tenant, run_id)
        row = await self._archives.get(tenant, run_id)
        rows = await self._kinship.rows(tenant, run_id)
        return {
            "log": {"subject": run_prefix(tenant, run_id), **self._in_log(lying)},
            "content": await self._log.contents(tenant, run_id),
            "archive": None
            if row is None
            else {
                "place": row.place,
                "file_sha256": row.file_sha256,
                "digest": row.digest,
                "facts": row.facts,
            },
            "rows": {
                "runs": rows.runs,
                "reviews": rows.reviews,
                "search": rows.search,
                "imports": rows.imports,
            },
        }

    def _in_log(self, lying: Lying) -> dict[str, Any]:
        return {
            "facts": lying.count,
            "first_sequence": lying.first_sequence,
            "last_sequence": lying.last_sequence,
            "digest": None if not lying.messages else self.digest(lying),
        }

    def digest(self, lying: Lying) -> str:
        """The name of its history, as its file would have it."""
        *_, end = write(self._log.header(lying.run, lying.messages), lying.messages)
        return str(json.loads(end)["digest"])


def is_nothing(evidence: dict[str, Any]) -> bool:
    """Whether nothing is known of a run."""
    known = (evidence["log"]["facts"], evidence["archive"], *evidence["rows"].values())
    return not any(known)
