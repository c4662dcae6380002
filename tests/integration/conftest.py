"""Fixtures on real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.nats_platform import NatsPlatform


@pytest.fixture
async def nats_platform(tmp_path: Path) -> AsyncIterator[NatsPlatform]:
    """A nats-server with real users, permissions, keys, streams and consumers."""
    async with NatsPlatform.running(tmp_path / "home") as platform:
        yield platform
