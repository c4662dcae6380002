"""What a supervised process is, what may happen to it, and how often it may come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account of this machine that a child of root becomes."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running.

    `env` is its whole environment. `stop_signal` asks it to end and `grace_seconds` is how long it
    may take over that; `orphan_signal` is what the kernel sends it if the supervisor dies (Linux).
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log_file: Path
    stop_signal: Signals = SIGTERM
    orphan_signal: Signals = SIGKILL
    grace_seconds: float = 10.0
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Started:
    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class ExitedWithCode:
    name: str
    pid: int
    code: int
    asked: bool


@dataclass(frozen=True, slots=True)
class ExitedBySignal:
    name: str
    pid: int
    signal: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Restarted:
    """It is back, after `crashes` in a row and a pause of `after_seconds`."""

    name: str
    pid: int
    crashes: int
    after_seconds: float


@dataclass(frozen=True, slots=True)
class GaveUp:
    """It stays down until somebody acts; `reason` is a sentence for that person."""

    name: str
    crashes: int
    reason: str


ChildEvent = Started | ExitedWithCode | ExitedBySignal | Restarted | GaveUp


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to pause after the n-th crash in a row, and when to stop trying.

    The defaults try for about four minutes: longer than a port in use or a full disk usually
    lasts while somebody is looking, short enough that a broken build is said to be broken.
    """

    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 15.0
    crashes_in_a_row: int = 20
    # Who lived this long was well: its crash starts a new row.
    well_after_seconds: float = 30.0

    def pause_seconds(self, crashes: int) -> float | None:
        """The pause after `crashes` in a row (1 is the first); None means no more."""
        if crashes > self.crashes_in_a_row:
            return None
        return min(self.longest_pause_seconds, self.first_pause_seconds * 2.0 ** (crashes - 1))
