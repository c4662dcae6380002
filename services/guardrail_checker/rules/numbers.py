"""Numbers as a model writes them: as a number, as text, or as nonsense."""

from decimal import Decimal, InvalidOperation


def finite(value: object) -> Decimal | None:
    """The number that a value is; None where it is none, or not a finite one."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
