"""The executor as it is deployed for one tenant: it runs that tenant's calls, and no others."""

import asyncio
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from contracts.subjects import EXECUTOR, ORCHESTRATOR
from contracts.tenancy import copy_of, user_of
from infra.dev.assembly import REPOSITORY, inherited
from infra.platform.ports import LOOPBACK, choose_port
from tests.integration.eventually import eventually
from tests.integration.nats_platform import NatsPlatform
from tests.integration.tenants.telling import store_mixed, with_cleared_call

START_SECONDS = 30.0
TOOLS = "modules: [infra.bench.tools]\n"


@pytest.fixture
async def executor(named: NatsPlatform, tmp_path) -> AsyncIterator[str]:
    """The URL of acme's executor, ready."""
    config, port = tmp_path / "config", choose_port()
    config.mkdir()
    (config / "tools.yaml").write_text(TOOLS)
    prefix, keys = f"INTERLOCK_{EXECUTOR.upper()}", named.home.keys
    env = {
        **inherited(),
        "INTERLOCK_NATS_URL": named.server.url,
        "INTERLOCK_KEYRING_FILE": str(keys / "keyring.json"),
        "INTERLOCK_CONFIG_DIR": str(config),
        f"{prefix}_TENANT": "acme",
        f"{prefix}_NKEY_FILE": str(keys / f"{user_of(EXECUTOR, 'acme')}.nkey"),
        f"{prefix}_HTTP_PORT": str(port),
        f"{prefix}_ACK_WAIT_SECONDS": "0.6",
    }
    url = f"http://{LOOPBACK}:{port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.tool_executor"), cwd=REPOSITORY, env=env
    )

    async def is_ready() -> bool:
        assert process.returncode is None, "it ended at once"
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    try:
        await eventually(is_ready, within_seconds=START_SECONDS)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_a_call_of_its_tenant_is_run_and_one_of_another_is_not(named, executor):
    acme, beta = with_cleared_call(), with_cleared_call("beta")
    await store_mixed(named, beta, acme)
    runs = (await named.connect(ORCHESTRATOR)).bus.runs

    async def outcome():
        return (await runs.read("acme", "r-1")).call("1-1").last.outcome

    await eventually(outcome, within_seconds=10.0)
    js = await named.jetstream()

    assert (await outcome()).body.output_json == "21"
    assert (await runs.read("beta", "r-1")).call("1-1").last.claim is None

    async def is_settled() -> bool:
        told = await js.consumer_info(copy_of("acme"), user_of(EXECUTOR, "acme"))
        return (told.num_pending, told.num_ack_pending) == (0, 0)

    await eventually(is_settled)
    async with httpx.AsyncClient() as client:
        metrics = (await client.get(f"{executor}/metrics")).text
    assert "interlock_nats_errors_total{" not in metrics, "the server refused it something"
