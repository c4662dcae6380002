"""Fixtures of the bus."""

import pytest

from tests.integration.bus.scene import Scene
from tests.integration.nats_platform import NatsPlatform


@pytest.fixture
async def scene(nats_platform: NatsPlatform) -> Scene:
    """A submitted run that the orchestrator hears."""
    return await Scene.set_up(nats_platform)
