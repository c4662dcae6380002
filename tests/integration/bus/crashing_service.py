"""A service that some messages kill: it hears everything that the service of its name hears.

The tests of the crash budget start it as a process, and start it again whenever it has died.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from contracts.shape import Body
from contracts.subjects import FACTS
from shared.bus import Heard
from shared.service import Core, Handlers, Service, run_service
from shared.settings import ServiceSettings, service_config

# The tests import its names, and have no service's name to give.
NAME = sys.argv[1] if __name__ == "__main__" else "nobody"
POISON = "poison"
WORST = "poison-report"  # even to report it ends the process
hears = Handlers()


class Settings(ServiceSettings):
    model_config = service_config(NAME)

    notes_file: Path = Path()
    nap_seconds: float = 0.0


SETTINGS = Settings()


@hears(*(kind.body for kind in FACTS))
async def note(heard: Heard[Body]) -> None:
    """Write down what was heard; and die of poison, unless it need only be reported."""
    run_id = heard.fact.run_id
    _write(f"{run_id} {'last' if heard.last else 'begun'}")
    if run_id == WORST or (run_id.startswith(POISON) and not heard.last):
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(SETTINGS.nap_seconds)
    _write(f"{run_id} done")


def _write(line: str) -> None:
    with SETTINGS.notes_file.open("a", encoding="utf-8") as notes:
        notes.write(f"{line}\n")


@asynccontextmanager
async def wire(_core: Core, _settings: Settings) -> AsyncIterator[Mapping[str, object]]:
    yield {}


if __name__ == "__main__":
    run_service(Service(NAME, SETTINGS, hears, wire))
