"""A finding: what one check saw, why it is so, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    `ok`: as it should be. `warn`: it works, with less. `fail`: it does not work, or is not what is
    claimed. `skipped`: it could not be looked at, and `detail` says why. What warns or fails has a
    `remedy`: a command or an edit.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""


def ok(name: str, detail: str) -> Finding:
    return Finding(name, "ok", detail)


def warn(name: str, detail: str, remedy: str) -> Finding:
    return Finding(name, "warn", detail, remedy)


def fail(name: str, detail: str, remedy: str) -> Finding:
    return Finding(name, "fail", detail, remedy)


def skipped(name: str, reason: str) -> Finding:
    return Finding(name, "skipped", reason)
