"""How far a tool has come, as it tells itself: shown live to who watches, and never kept."""

import math
from collections.abc import Callable
from typing import Self

from pydantic import BaseModel, ConfigDict, PrivateAttr

from .shape import Body, UtcTime

NOTE_LIMIT_CHARACTERS = 200


class Progress(Body):
    """What a tool says of itself: so much is done, of so much on the whole, and in words."""

    done: float | None = None
    total: float | None = None
    note: str = ""

    @classmethod
    def told(cls, done: object, total: object, note: object) -> Self:
        """As much of it as can be shown. Nobody's work is to fail because of what it told."""
        text = str(note)[:NOTE_LIMIT_CHARACTERS]
        printable = "".join(one if one.isprintable() else " " for one in text)
        return cls(done=_amount(done), total=_amount(total), note=printable)

    @property
    def words(self) -> str:
        """It in a line."""
        if self.done is None:
            return self.note
        whole = "" if self.total is None else f"/{self.total:g}"
        return f"{self.done:g}{whole} {self.note}".rstrip()


class ToolProgress(Progress):
    """Of which call that is. On `live.<tenant>.<run_id>.progress`, in no stream."""

    tool: str
    call: str
    attempt: int
    at: UtcTime


class Teller(BaseModel):
    """What a tool tells its progress by."""

    model_config = ConfigDict(frozen=True)

    _report: Callable[[Progress], None] | None = PrivateAttr(None)

    def progress(
        self, done: float | None = None, total: float | None = None, note: str = ""
    ) -> None:
        """Tell people who watch how far the tool has come; also, that it has not stopped.

        Often is no harm: what comes too soon after another is left out, but for the last. Nothing
        of it is kept, and the model sees none of it.
        """
        self.reported(Progress.told(done, total, note))

    def reported(self, progress: Progress) -> None:
        """Pass it on; where nobody listens it is lost."""
        if self._report is not None:
            self._report(progress)

    def telling(self, report: Callable[[Progress], None]) -> Self:
        """The same, of which progress goes there."""
        told = self.model_copy()
        told._report = report  # noqa: SLF001 - a copy of itself
        return told


def check_silence(silent_seconds: float | None, timeout_seconds: float) -> None:
    """Refuse a silence that cannot be too long before the time is up.

    Raises:
        ValueError: it is as long as the time limit.
    """
    if silent_seconds is not None and silent_seconds >= timeout_seconds:
        raise ValueError(
            f"silent_seconds {silent_seconds:g} never comes before timeout_seconds "
            f"{timeout_seconds:g}: say a shorter silence, or a longer time limit"
        )


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) and amount >= 0 else None
