"""Money and durations as people read them, in sentences and on screens."""

from decimal import Decimal

from contracts.shape import MICRO

SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000


def dollars(micro_usd: int) -> str:
    """Money as people read it: the places that it has, at least two."""
    text = f"{Decimal(micro_usd) / MICRO:.6f}".rstrip("0")
    whole, _, places = text.partition(".")
    return f"${whole}.{places:0<2}"


def duration(ms: int) -> str:
    """Milliseconds in the unit that fits: 12 ms, 1.42 s, 2 min 5 s, 3 h 20 min."""
    if ms < SECOND_MS:
        return f"{ms} ms"
    if ms < MINUTE_MS:
        return f"{ms / SECOND_MS:.2f} s"
    if ms < HOUR_MS:
        return f"{ms // MINUTE_MS} min {ms % MINUTE_MS // SECOND_MS} s"
    return f"{ms // HOUR_MS} h {ms % HOUR_MS // MINUTE_MS} min"
