"""A cluster whose nodes have just started has no place for a stream yet."""

import pytest
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import BadRequestError, NotFoundError

from infra.streams import ensure as module
from infra.streams.ensure import NO_PEERS, ensure_streams

NAME = "RUNS"


class _Cluster:
    """Refuses the first streams with the code it is told to refuse with."""

    def __init__(self, refusals: int, err_code: int = NO_PEERS) -> None:
        self.left = refusals
        self.err_code = err_code
        self.made: list[str | None] = []

    async def streams_info(self) -> list[StreamInfo]:
        return []

    async def stream_info(self, name: str) -> None:
        raise NotFoundError(code=404, err_code=10059, description="stream not found")

    async def add_stream(self, config: StreamConfig) -> None:
        if self.left:
            self.left -= 1
            raise BadRequestError(code=400, err_code=self.err_code, description="peer offline")
        self.made.append(config.name)

    async def consumer_info(self, stream: str, durable: str) -> None:
        raise NotFoundError(code=404, err_code=10014, description="consumer not found")

    async def add_consumer(self, stream: str, config: object) -> None: ...

    async def delete_consumer(self, stream: str, durable: str) -> None: ...


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(module, "PLACEMENT_PAUSE_SECONDS", 0.001)


async def test_waits_for_nodes_that_are_on_their_way():
    cluster = _Cluster(refusals=3)

    await ensure_streams(cluster)

    assert NAME in cluster.made


async def test_gives_up_when_the_patience_is_over(monkeypatch):
    monkeypatch.setattr(module, "PLACEMENT_PATIENCE_SECONDS", 0.01)

    with pytest.raises(BadRequestError):
        await ensure_streams(_Cluster(refusals=1_000_000))


async def test_waits_for_nothing_else():
    cluster = _Cluster(refusals=1, err_code=10052)

    with pytest.raises(BadRequestError):
        await ensure_streams(cluster)
    assert cluster.left == 0
