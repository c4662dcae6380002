"""One whole platform for all end-to-end tests, started the way `interlock dev` starts it."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from contracts.pins import PinFile, pin_of
from contracts.tool import manifest_of
from infra.demo.stage import Stage
from infra.dev.assembly import REPOSITORY
from infra.dev.platform import DevOptions, DevPlatform
from infra.platform.home import Home
from shared.pins import FILE as PINS
from shared.pins import load_pins
from tests.e2e import bank, priced

SCENARIOS = Path(__file__).parent / "scenarios"
OURS = Path(__file__).parent / "config"


def options(home: Path) -> DevOptions:
    """A platform of its own: free ports, a folder that goes away, the scenarios of these tests.

    Its configuration is the one that ships, and a few files beside it.
    """
    config = home.with_name(f"{home.name}-config")
    shutil.copytree(REPOSITORY / "infra" / "config", config, dirs_exist_ok=True)
    shutil.copytree(OURS, config, dirs_exist_ok=True)
    offer(config, priced.look_up)
    offer(config, bank.open_mandate)
    return DevOptions(
        Home(home),
        config_dir=config,
        scenarios=SCENARIOS,
        console_port=0,
        nats_port=0,
        real_providers=False,
    )


def offer(config: Path, function: Callable[..., object]) -> None:
    """Name the module of a tool in the copy of the configuration that ships, and pin the tool."""
    file = config / "tools.yaml"
    file.write_text(file.read_text().replace("modules: [", f"modules: [{function.__module__}, "))
    manifest, pins = manifest_of(function), load_pins(config)
    pinned = PinFile(tools={**pins, manifest.name: pin_of(manifest)})
    (config / PINS).write_text(pinned.model_dump_json())


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
