"""The log file of a child: bounded across starts, and readable from its end."""

import os
from pathlib import Path

LOG_LIMIT_BYTES = 10 * 1024 * 1024
TAIL_LIMIT_BYTES = 4096


def open_log(path: Path) -> int:
    """A descriptor that appends to `path`; what outgrew the limit becomes `<path>.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def tail(path: Path, lines: int = 15) -> str:
    """The last `lines` of a log, for an error that must explain itself; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_LIMIT_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
