"""Every secret is planted where it may lawfully be, and is found nowhere else when a run is over.

Keys of all users and owners, tokens of people, the key of a model provider, the credential of a
tool and that of a back end of telemetry; looked for in the log, in every file and table, in what
services and commands print, in traces and metrics, and in what the machine shows of a process.
"""

import json
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil
import pytest
import pytest_asyncio
from nats.js.errors import NotFoundError

from infra.demo.scenes import completed
from infra.demo.stage import Stage
from infra.dev.platform import DevPlatform
from infra.platform.home import Home
from infra.platform.postgres import Postgres
from tests.e2e.commands import interlock
from tests.e2e.conftest import ignore, options
from tests.otlp import receiver

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

RUN = "secretive"
CANARIES = {
    "provider key": "sk-canary-4f9c2ab17d60e583",
    "tool credential": "canary-tool-93b1e6d2c07f45a8",
    "telemetry header": "canary-otlp-5e0d7c3b9a12f684",
}
COMMANDS = (
    ("runs", "show", RUN),
    ("runs", "list"),
    ("agents", "show", "support"),
    ("doctor",),
)
TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def back_end():
    async with receiver() as told:
        yield told


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(tmp_path_factory, back_end):
    """A platform on which a provider failed, a person approved, and a tool did something."""
    home = tmp_path_factory.mktemp("secretive")
    planted = {
        "OPENAI_API_KEY": CANARIES["provider key"],
        "SHOP_DATABASE_DSN": f"{Postgres(Home(home)).tools_dsn}"
        f"&password={CANARIES['tool credential']}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={CANARIES['telemetry header']}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": back_end.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "INTERLOCK_LOG_LEVEL": "DEBUG",
    }
    chosen = replace(options(home), extra_env=planted)
    async with (
        DevPlatform.running(chosen, ignore, ignore) as platform,
        Stage.on(platform, ignore) as stage,
    ):
        await stage.break_provider("openai")
        await stage.submit(RUN, "Now refund all of order 1042.")
        await stage.follower.wait_for(RUN, "model.attempt_requested")
        await stage.mend_providers()
        await stage.answer(RUN, "approve", "it never came")
        run = await stage.finished(RUN)
        await stage.follower.wait_for(RUN, "run.evaluated")
        assert completed(run), run.end
        yield platform


def secrets_of(home: Home) -> dict[str, bytes]:
    """Every secret of the platform, by what it is."""
    keys = {path.name: path.read_text() for path in home.keys.glob("*.[ns]*") if is_key(path)}
    people = json.loads((home.keys / "tokens.json").read_text())
    tokens = {f"token of {one['principal']}": token for token, one in people.items()}
    found = {**CANARIES, **keys, **tokens}
    assert len(found) > len(CANARIES) + len(tokens) + 10
    return {name: secret.strip().encode() for name, secret in found.items()}


def is_key(path: Path) -> bool:
    return path.suffix in {".nkey", ".seed"}


def leaks(home: Home, places: dict[str, bytes]) -> list[str]:
    """Which secret stands where."""
    return [
        f"{name} in {place}"
        for name, secret in secrets_of(home).items()
        for place, content in places.items()
        if secret in content
    ]


async def test_no_secret_lies_in_the_log(played):
    client = await played.connect()
    js, places = client.jetstream(), {}
    for info in await js.streams_info():
        for sequence in range(max(info.state.first_seq, 1), info.state.last_seq + 1):
            try:
                message = await js.get_msg(info.config.name, sequence)
            except NotFoundError:  # it was purged
                continue
            whole = f"{message.subject}{message.headers}".encode() + (message.data or b"")
            places[f"{info.config.name} {sequence}"] = whole
    await client.close()

    assert any(RUN.encode() in content for content in places.values())
    assert leaks(played.places.home, places) == []


async def test_no_secret_lies_in_a_table(played):
    connection = await asyncpg.connect(played.places.postgres_dsn)
    try:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        places = {
            table: "\n".join(
                row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} t")
            ).encode()
            for table in tables
        }
    finally:
        await connection.close()

    assert any(RUN.encode() in content for content in places.values())
    assert leaks(played.places.home, places) == []


async def test_no_secret_lies_in_a_file_but_those_of_keys(played):
    """Logs of all processes at their most talkative, and what servers keep, byte by byte."""
    home = played.places.home
    files = (path for path in home.path.rglob("*") if path.is_file())
    places = {str(path): path.read_bytes() for path in files if home.keys not in path.parents}

    logs = [content for place, content in places.items() if place.endswith(".log")]
    assert len(logs) >= len(played.options.services)
    assert any(RUN.encode() in content for content in logs)
    assert leaks(home, places) == []


async def test_no_secret_goes_out_with_traces_metrics_or_logs(played, back_end):
    assert any(RUN.encode() in body for body in back_end.bodies)
    assert any(CANARIES["telemetry header"].encode() in head for head in back_end.heads)

    places = {f"export {number}": body for number, body in enumerate(back_end.bodies)}
    assert leaks(played.places.home, places) == []


async def test_no_command_prints_a_secret(played):
    home = played.places.home
    places = {
        " ".join(command): (await interlock(home.path, *command)).encode() for command in COMMANDS
    }

    assert RUN.encode() in places[f"runs show {RUN}"]
    assert leaks(home, places) == []


async def test_no_secret_stands_in_a_command_line(played):
    """Whoever is on the machine sees those of all processes."""
    processes = psutil.Process().children(recursive=True)
    places = {f"{one.pid}": " ".join(one.cmdline()).encode() for one in processes}

    assert len(places) > len(played.options.services)
    assert leaks(played.places.home, places) == []
