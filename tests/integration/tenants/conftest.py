"""A server on which two tenants are named."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.nats_platform import NatsPlatform

TENANTS = ("acme", "beta")


@pytest.fixture
async def named(tmp_path: Path) -> AsyncIterator[NatsPlatform]:
    """Each tenant has its own users, and a copy of its runs."""
    async with NatsPlatform.running(tmp_path / "home", TENANTS) as platform:
        yield platform
