"""Durations, sizes and digests as people read them."""

SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000
KIBIBYTE, MEBIBYTE = 1024, 1024 * 1024
DIGEST_DIGITS = 12


def duration(ms: int) -> str:
    """Milliseconds in the unit that fits: 12 ms, 1.42 s, 2 min 5 s, 3 h 20 min."""
    if ms < SECOND_MS:
        return f"{ms} ms"
    if ms < MINUTE_MS:
        return f"{ms / SECOND_MS:.2f} s"
    if ms < HOUR_MS:
        return f"{ms // MINUTE_MS} min {ms % MINUTE_MS // SECOND_MS} s"
    return f"{ms // HOUR_MS} h {ms % HOUR_MS // MINUTE_MS} min"


def size(count: int) -> str:
    """Bytes in the unit that fits."""
    if count < KIBIBYTE:
        return f"{count} B"
    if count < MEBIBYTE:
        return f"{count / KIBIBYTE:.1f} KiB"
    return f"{count / MEBIBYTE:.1f} MiB"


def digest(sha256: str) -> str:
    """The beginning of a digest: enough to tell two apart."""
    return sha256[:DIGEST_DIGITS]


def counted(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
