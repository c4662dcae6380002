"""Sizes, counts, digests and texts as people read them."""

from contracts.shape import MICRO

KIBIBYTE, MEBIBYTE = 1024, 1024 * 1024
DIGEST_DIGITS = 12
TEXT_CHARACTERS = 160


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


def short(text: str, characters: int = TEXT_CHARACTERS) -> str:
    """One line of text, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"


def usd(micro_usd: int | str) -> str:
    """Micro-dollars as dollars, all six places where they matter."""
    return f"${int(micro_usd) / MICRO:.6f}"
