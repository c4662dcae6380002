"""The state folder of one embedded platform: its rooms, its lock, and where it can be reached."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.platform.errors import HomeInUse, HomeUnusable
from infra.platform.files import replace_file
from infra.platform.os_process import born_at

HOME_VARIABLE = "INTERLOCK_HOME"
DEFAULT_HOME = Path(".interlock")
ROOMS = ("keys", "logs", "nats", "postgres", "run")


class Endpoints(BaseModel):
    """Where a running platform answers; what the CLI reads to find it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    started_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    durability: str
    nats_url: str
    nats_monitoring_url: str
    postgres_dsn: str
    console_url: str
    services: dict[str, str] = Field(default_factory=dict)

    def is_live(self) -> bool:
        """Whether the process that wrote this is still running (and not one of the same pid)."""
        born = born_at(self.pid)
        return born is not None and born <= self.started_at.timestamp()


class Home:
    """One folder, private to its owner. It may lie deep, and below folders others cannot enter."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.keys = self.path / "keys"
        self.logs = self.path / "logs"
        self.nats = self.path / "nats"
        self.postgres = self.path / "postgres"
        self.run = self.path / "run"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Home":
        return cls(Path(environment.get(HOME_VARIABLE) or DEFAULT_HOME))

    def create(self) -> None:
        """Make the folder and its rooms, or raise HomeUnusable. Repeating it changes nothing."""
        try:
            for room in (self.path, *(self.path / name for name in ROOMS)):
                room.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.keys.chmod(0o700)
            # Keys lie in here, usually inside somebody's checkout.
            (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise HomeUnusable(self.path, str(error)) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this home alone, or raise HomeInUse.

        The kernel drops the lock with its holder, however that ends: a stale one cannot exist,
        and the pid in the file is only there to be named.
        """
        with (self.run / "lock").open("a+", encoding="utf-8") as file:
            self._take(file)
            yield

    def _take(self, file: TextIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(self.path, _pid_in(file)) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()

    def publish(self, endpoints: Endpoints) -> None:
        replace_file(self._endpoints_file, endpoints.model_dump_json(indent=2) + "\n")

    def endpoints(self) -> Endpoints | None:
        """Where the platform of this home answers, or None if none is running."""
        try:
            endpoints = Endpoints.model_validate_json(self._endpoints_file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise HomeUnusable(
                self.path, f"{self._endpoints_file.name} is not what a platform writes ({error})"
            ) from error
        return endpoints if endpoints.is_live() else None

    def withdraw(self) -> None:
        """Forget the endpoints; the platform no longer answers."""
        with suppress(FileNotFoundError):
            self._endpoints_file.unlink()

    @property
    def _endpoints_file(self) -> Path:
        return self.run / "endpoints.json"


def _pid_in(file: TextIO) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdecimal() else None
