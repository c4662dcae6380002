"""One cluster for all tests of this folder; each closes what it has connected."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.cluster.cluster_platform import ClusterPlatform


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_cluster(tmp_path_factory) -> AsyncIterator[ClusterPlatform]:
    async with ClusterPlatform.running(tmp_path_factory.mktemp("cluster")) as platform:
        yield platform


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(running_cluster: ClusterPlatform) -> AsyncIterator[ClusterPlatform]:
    yield running_cluster
    await running_cluster.close_clients()
