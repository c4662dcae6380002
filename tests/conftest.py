"""What tests of several services ask for."""

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from infra.migrations.run import migrate
from infra.platform.home import Home
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor
from shared import telemetry


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_dsn(tmp_path_factory):
    """A real PostgreSQL with the schema of the migrations; each test empties the tables it uses."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.create()
    postgres = Postgres(home)
    async with Supervisor(lambda _: None) as supervisor:
        await postgres.start(supervisor)
        await migrate(postgres.dsn)
        yield postgres.dsn


@pytest.fixture
def exported_spans(monkeypatch):
    """Tracing as with an endpoint; call it for the spans that have ended so far."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # The global provider of OpenTelemetry can be set only once in a process.
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("interlock"))
    monkeypatch.setattr(telemetry, "_exporting", [provider])
    yield exporter.get_finished_spans
    provider.shutdown()
