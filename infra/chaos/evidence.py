"""What the figures were made of, beside the logs: for whoever keeps the home and asks why."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .killer import Strike
from .recovery import Recovery


def write_evidence(file: Path, strikes: Sequence[Strike], recovered: Sequence[Recovery]) -> None:
    """One JSON object a line, in the order of time: each blow, and each recovery after it."""
    rows = [{"strike": asdict(one), "at": one.at} for one in strikes]
    rows += [{"recovery": asdict(one), "at": one.killed_at} for one in recovered]
    rows.sort(key=lambda row: str(row["at"]))
    file.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
