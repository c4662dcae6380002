"""What calls are given of a broker: in real workers, and by an executor that hears them."""

import json
import logging
from contextlib import asynccontextmanager

import pytest
import structlog

from contracts.tool import ToolContext, ToolFailed
from services.tool_executor.adapters.credentials.broker import Broker
from services.tool_executor.adapters.credentials.vault import HttpVault
from services.tool_executor.adapters.kinds import WorkerKind
from services.tool_executor.adapters.pool import WorkerPool
from services.tool_executor.adapters.process import WorkerProcess
from services.tool_executor.adapters.registry import Registry, ToolsFile
from services.tool_executor.adapters.runner import FakeRunner, SandboxRunner
from services.tool_executor.adapters.workers import warm
from services.tool_executor.errors import CredentialMissing, CredentialsUnavailable
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules import Raised, Vanished
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import Again
from shared.testing import MemoryBus
from tests.tool_executor import sample_tools
from tests.tool_executor.calling import CONTEXT, NOON, Cleared, declared, registry_of
from tests.tool_executor.test_runner import LIMITS
from tests.tool_executor.vault_server import FakeVault, vault_server

CANARY = "canary-93b1e6d2c07f45a8"
NAME = "SAMPLE_SECRET"


@asynccontextmanager
async def working(credentials, vault=None, workers=2, **server):
    """A runner whose workers are given what these credentials say, and what starts them."""
    declared_vault = {"url": vault.url, **server} if vault else None
    file = ToolsFile.model_validate(
        {"secrets": {"*": list(credentials)}, "credentials": credentials, "vault": declared_vault}
    )
    broker = Broker(file.credentials, HttpVault(file.vault) if file.vault else None)
    started = []

    def start(kind: WorkerKind):
        started.append(kind)
        return WorkerProcess.start((sample_tools.__name__,), LIMITS, kind)

    pool = WorkerPool(start, workers=workers, calls_per_worker=100, wait_seconds=10.0)
    try:
        yield SandboxRunner(pool, broker=broker), started, pool, broker
    finally:
        await pool.close()
        await broker.close()


async def run(runner, name="environment", tenant="acme", secrets=(NAME,), **changes):
    tool = declared(name, secrets, **changes)
    async with runner.place(tool, tenant) as place:
        return await place.run(tool, "{}", CONTEXT)


async def seen(runner, **words):
    return json.loads((await run(runner, **words)).output_json)


async def test_a_tool_is_given_the_value_of_its_tenant_and_no_other(tmp_path):
    for tenant in ("acme", "globex"):
        (tmp_path / tenant).write_text(f"secret of {tenant}")
    async with working({NAME: {"file": f"{tmp_path}/{{tenant}}"}}) as (runner, started, _, _):
        acme = await seen(runner)
        globex = await seen(runner, tenant="globex")
        again = await seen(runner)
        none = await seen(runner, secrets=())

    assert [one[NAME] for one in (acme, globex, again)] == [
        "secret of acme",
        "secret of globex",
        "secret of acme",
    ]
    assert NAME not in none
    # Each tenant's calls find its own worker warm; there is room for two.
    assert len(started) == 3


async def test_a_worker_that_holds_an_older_value_is_used_no_more(tmp_path):
    place = tmp_path / "token"
    place.write_text("older")
    async with working({NAME: {"file": str(place)}}) as (runner, started, pool, _):
        before = await seen(runner)
        place.write_text("newer")
        after = await seen(runner)
        idle = [kind for kind, _ in pool._idle]

    assert (before[NAME], after[NAME]) == ("older", "newer")
    assert len(started) == 2
    assert [dict(kind.given.values) for kind in idle] == [{NAME: "newer"}]


async def test_a_warm_worker_is_given_what_is_everybodys(tmp_path):
    (tmp_path / "token").write_text("of all")
    async with working({NAME: {"file": str(tmp_path / "token")}}) as (
        runner,
        started,
        pool,
        broker,
    ):
        await warm(pool, registry_of(declared("environment", (NAME,))), broker)
        await seen(runner)

    assert len(started) == 1


@pytest.mark.parametrize("place", ["/nowhere/token", "/nowhere/{tenant}"])
async def test_an_executor_starts_where_a_value_is_not_there_yet(place):
    async with working({NAME: {"file": place}}) as (_, started, pool, broker):
        await warm(pool, registry_of(declared("environment", (NAME,))), broker)

    assert started == []


def hearing(runner):
    """A cleared call, a bus that has it, and an executor with that runner."""
    cleared = Cleared(declared("double"))
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*cleared.history.facts)
    return Heard(cleared.fact, 1, last=False), bus, Desk(registry_of(declared("double")), runner)


async def test_a_call_without_its_value_is_refused_before_it_is_claimed():
    heard, bus, desk = hearing(FakeRunner(refuses=CredentialMissing("TOKEN", "acme")))

    await run_call(heard, bus, desk)

    (failed,) = bus.bodies(ToolFailed)
    assert failed.kind == "refused"
    assert "TOKEN cannot be given for the tenant acme" in failed.reason


async def test_a_call_whose_value_cannot_be_read_now_comes_again():
    heard, bus, desk = hearing(FakeRunner(refuses=CredentialsUnavailable("the vault is gone")))

    with pytest.raises(Again, match="the vault is gone"):
        await run_call(heard, bus, desk)

    assert bus.bodies(ToolFailed) == []


async def test_a_call_is_given_what_is_of_its_runs_tenant(tmp_path):
    (tmp_path / "acme").write_text("of acme")
    tool = declared("double", (NAME,))
    cleared = Cleared(tool)
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*cleared.history.facts)
    async with working({NAME: {"file": f"{tmp_path}/{{tenant}}"}}) as (runner, started, _, _):
        desk = Desk(Registry({"double": tool}), runner)
        await run_call(Heard(cleared.fact, 1, last=False), bus, desk)

    assert [dict(kind.given.values) for kind in started] == [{NAME: "of acme"}]


@pytest.fixture
def logged(caplog):
    """Everything that is logged, by anybody, at any level."""
    caplog.set_level(logging.DEBUG)
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with structlog.testing.capture_logs() as entries:
        yield lambda: f"{entries}{caplog.text}"
    structlog.configure(**before)


async def test_nothing_that_a_vault_gave_is_logged_or_told(tmp_path, logged):
    """Neither the value, nor the logins, whatever the tool does with it."""
    (tmp_path / "jwt").write_text(f"{CANARY}-jwt")
    held = FakeVault(roles={"interlock": f"{CANARY}-jwt"})
    held.versioned["kv/data/acme"] = {"value": CANARY}
    how = {"role": "interlock", "token_file": str(tmp_path / "jwt")}
    with vault_server(held) as vault:
        async with working({NAME: {"vault": "kv/data/{tenant}"}}, vault, kubernetes=how) as (
            runner,
            started,
            *_,
        ):
            leaked = await run(runner, "leak")
            died = await run(runner, "die_telling")
            held.status = 500
            with pytest.raises(CredentialsUnavailable) as refused:
                await run(runner, tenant="globex")

    assert leaked == Raised("RuntimeError: cannot reach [redacted]")
    assert isinstance(died, Vanished)
    told = f"{logged()}{started}{refused.value}{leaked}{died}"
    assert "executor.worker_vanished" in told
    assert "executor.vault_login" in told
    assert "[redacted]" in logged()
    assert CANARY not in told
    assert "login-token" not in told


def test_the_context_of_a_call_has_no_credentials():
    assert not {"secrets", "given", "credentials"} & ToolContext.model_fields.keys()
