"""One whole platform for all end-to-end tests, started the way `interlock dev` starts it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.demo.stage import Stage
from infra.dev.platform import DevOptions, DevPlatform
from infra.platform.home import Home

SCENARIOS = Path(__file__).parent / "scenarios"


def options(home: Path) -> DevOptions:
    """A platform of its own: free ports, a folder that goes away, the scenarios of these tests."""
    return DevOptions(
        Home(home), scenarios=SCENARIOS, console_port=0, nats_port=0, real_providers=False
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def platform(tmp_path_factory) -> AsyncIterator[DevPlatform]:
    home = tmp_path_factory.mktemp("home")
    async with DevPlatform.running(options(home), ignore, ignore) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(platform: DevPlatform) -> AsyncIterator[Stage]:
    async with Stage.on(platform, ignore) as ready:
        yield ready


def ignore(_: object) -> None:
    """Neither progress nor events are of interest here."""
