"""One whole platform for all end-to-end tests, started the way `interlock dev` starts it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from infra.demo.stage import Stage
from infra.dev.assembly import REPOSITORY
from infra.dev.platform import DevOptions, DevPlatform
from infra.platform.home import Home

SCENARIOS = Path(__file__).parent / "scenarios"
OURS = Path(__file__).parent / "config"


def options(home: Path) -> DevOptions:
    """A platform of its own: free ports, a folder that goes away, the scenarios of these tests.

    Its configuration is the one that ships, and a few files beside it.
    """
    config = home.with_name(f"{home.name}-config")
    shutil.copytree(REPOSITORY / "infra" / "config", config, dirs_exist_ok=True)
    shutil.copytree(OURS, config, dirs_exist_ok=True)
    return DevOptions(
        Home(home),
        config_dir=config,
        scenarios=SCENARIOS,
        console_port=0,
        nats_port=0,
        real_providers=False,
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
