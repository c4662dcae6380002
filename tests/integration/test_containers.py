"""The streams on the image that docker-compose.yml names, where a Docker engine answers."""

import gc
import warnings

import nats
import pytest
import yaml

from contracts.hearings import HEARINGS
from contracts.subjects import CRASHES, DEAD, RUNS, TIMERS
from infra.streams import ensure_streams
from tests.architecture.sources import ROOT
from tests.integration.test_streams import BOUNDS

docker = pytest.importorskip("docker", reason="testcontainers is not installed")

READY_SECONDS = 30
PROBE_SECONDS = 5
NO_ENGINE = "no Docker engine answers: the same is tested on the nats-server of the wheel"


def engine_answers() -> bool:
    with warnings.catch_warnings():
        # docker-py leaves its socket open where nobody answers; it is collected in here.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            docker.from_env(timeout=PROBE_SECONDS).close()
        except docker.errors.DockerException:
            found = False
        else:
            found = True
        gc.collect()
    return found


@pytest.fixture
def url():
    """A nats-server with JetStream in a container of its own."""
    if not engine_answers():
        pytest.skip(NO_ENGINE)
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    ready = LogMessageWaitStrategy("Server is ready").with_startup_timeout(READY_SECONDS)
    container = (
        DockerContainer(compose["services"]["nats"]["image"])
        .with_command("--jetstream")
        .with_exposed_ports(4222)
        .waiting_for(ready)
    )
    with container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(4222)
        yield f"nats://{host}:{port}"


async def test_everything_of_the_table_is_made_in_a_container_and_only_once(url):
    connection = await nats.connect(url)
    try:
        done = await ensure_streams(connection.jetstream(), bounds=BOUNDS)
        again = await ensure_streams(connection.jetstream(), bounds=BOUNDS)
    finally:
        await connection.close()

    assert len(done) == len((RUNS, TIMERS, DEAD, CRASHES)) + len(HEARINGS) + 1
    assert again == ()
