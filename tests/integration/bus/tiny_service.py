"""The smallest service: it hears a funded attempt, takes its time, and says that it failed.

The tests of the runner start it as a process of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

from faststream import Context

from contracts.model import AttemptFailure, ModelFailed
from contracts.money import ModelFunded
from contracts.subjects import ROUTER
from shared.bus import Bus
from shared.service import Core, Handlers, Heard, Service, run_service
from shared.settings import ServiceSettings, service_config

hears = Handlers()


class Settings(ServiceSettings):
    model_config = service_config(ROUTER)

    nap_seconds: float = 0.0


@hears(ModelFunded)
async def on_funded(
    heard: Heard[ModelFunded], bus: Annotated[Bus, Context()], nap: Annotated[float, Context()]
) -> None:
    await asyncio.sleep(nap)
    failure = AttemptFailure(kind="denied", reason="It only naps.", billed="nothing")
    body = heard.fact.body
    await bus.say(heard.fact, ModelFailed(step=body.step, attempt=body.attempt, failure=failure))


@asynccontextmanager
async def wire(_core: Core, settings: Settings) -> AsyncIterator[Mapping[str, object]]:
    yield {"nap": settings.nap_seconds}


if __name__ == "__main__":
    run_service(Service(ROUTER, Settings(), hears, wire))
