"""Which processes make a platform, and what each is told. Nothing is started here.

Each service gets the secrets that the table of services in the design gives it, and no others.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.subjects import (
    CONSOLE,
    EVALUATOR,
    EXECUTOR,
    FACTS,
    GUARDRAIL,
    LEDGER,
    OBSERVER,
    ORCHESTRATOR,
    ROUTER,
)
from infra.migrations.grants import SERVICE_ROLES
from infra.platform.child import Child
from infra.platform.home import Home
from infra.platform.nats_identity import canary_key_file
from infra.platform.ports import LOOPBACK
from infra.platform.postgres_cluster import ROLE

REPOSITORY = Path(__file__).resolve().parents[2]
# These two say no starred fact; one takes canaries away, the other tells what it deleted.
_STARRED = {kind.owner for kind in FACTS if kind.starred}
SIGNING_OWNERS = tuple(sorted({EVALUATOR, OBSERVER, *_STARRED}))
# Those that others wait for come first, the one that people wait for last.
START_ORDER = (
    LEDGER,
    GUARDRAIL,
    EXECUTOR,
    ROUTER,
    EVALUATOR,
    OBSERVER,
    ORCHESTRATOR,
    CONSOLE,
)
# PYTHONPATH: where the modules of tools.yaml are, if not in this repository.
PASSED_ON = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROVIDER_KEYS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "GEMINI_API_KEY",
    "GEMINI_BASE_URL",
)
TELEMETRY = (
    "INTERLOCK_LOG_LEVEL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRIC_EXPORT_TIMEOUT",
    "OTEL_SDK_DISABLED",
)
GRACE_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a running platform are."""

    home: Home
    nats_url: str
    nats_monitoring_url: str
    postgres_dsn: str
    tools_dsn: str
    simulator_url: str | None
    config_dir: Path
    manifests_file: Path
    tokens_file: Path
    ports: Mapping[str, int]

    def dsn_of(self, service: str) -> str:
        """The database as a service comes to it: by its own role."""
        return self.postgres_dsn.replace(f"//{ROLE}@", f"//{SERVICE_ROLES[service]}@", 1)


def replicas_of(service: str, count: int) -> tuple[str, ...]:
    """The names of the processes of one service: `tool_executor`, `tool_executor-2`."""
    return (service, *(f"{service}-{number}" for number in range(2, count + 1)))


def service_of(replica: str) -> str:
    """The service that a process is one of. Names of services have no dash."""
    return replica.partition("-")[0]


def service_child(name: str, places: Places, extra: Mapping[str, str]) -> Child:
    """The process of one service, or one replica of it: they differ in port and log alone."""
    service = service_of(name)
    own = _own(service, places.ports[name], places)
    return Child(
        name=name,
        argv=(sys.executable, "-m", f"services.{service}"),
        env={**_common(places), **own, **extra},
        cwd=REPOSITORY,
        log_file=places.home.logs / f"{name}.log",
        grace_seconds=GRACE_SECONDS,
    )


def simulator_child(home: Home, port: int, scenarios: Path, seed: int) -> Child:
    """The process that plays the model providers."""
    arguments = ("--port", str(port), "--scenarios", str(scenarios), "--seed", str(seed))
    return Child(
        name="simulator",
        argv=(sys.executable, "-m", "infra.simulator", *arguments),
        env=inherited(),
        cwd=REPOSITORY,
        log_file=home.logs / "simulator.log",
    )


def inherited() -> dict[str, str]:
    """What every child may know of our own environment."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _common(places: Places) -> dict[str, str]:
    common = {
        **inherited(),
        "INTERLOCK_NATS_URL": places.nats_url,
        "INTERLOCK_KEYRING_FILE": str(places.home.keys / "keyring.json"),
        "INTERLOCK_CONFIG_DIR": str(places.config_dir),
        "INTERLOCK_TOOL_MANIFESTS": str(places.manifests_file),
    }
    for name in TELEMETRY:
        if name in os.environ:
            common[name] = os.environ[name]
    return common


def _own(name: str, port: int, places: Places) -> dict[str, str]:
    prefix = f"INTERLOCK_{name.upper()}"
    own = {
        f"{prefix}_NKEY_FILE": str(places.home.keys / f"{name}.nkey"),
        f"{prefix}_HTTP_PORT": str(port),
    }
    if name in SIGNING_OWNERS:
        own[f"{prefix}_SIGNING_KEY_FILE"] = str(places.home.keys / f"{name}.seed")
    # Settings of one process only win over those of all: its prefix is its own.
    own |= {key: value for key, value in os.environ.items() if key.startswith(f"{prefix}_")}
    if name in SERVICE_ROLES:
        own["INTERLOCK_POSTGRES_DSN"] = places.dsn_of(name)
    match name:
        case "observer":
            own.setdefault(f"{prefix}_ARCHIVE_DIR", str(places.home.path / "archive"))
        case "console":
            own.setdefault(f"{prefix}_ARCHIVE_DIR", str(places.home.path / "archive"))
            own["INTERLOCK_CONSOLE_TOKENS_FILE"] = str(places.tokens_file)
        case "guardrail_checker":
            own["INTERLOCK_CANARY_KEY_FILE"] = str(canary_key_file(places.home))
        case "model_router":
            own |= _providers(places.simulator_url)
            own["INTERLOCK_CANARY_KEY_FILE"] = str(canary_key_file(places.home))
        case "tool_executor":
            own["SHOP_DATABASE_DSN"] = places.tools_dsn
    return own


def _providers(simulator_url: str | None) -> dict[str, str]:
    """Real providers where there is a key in our environment, the simulator otherwise."""
    if simulator_url is None:
        return {name: os.environ[name] for name in PROVIDER_KEYS if name in os.environ}
    return {
        "OPENAI_BASE_URL": f"{simulator_url}/openai/v1",
        "ANTHROPIC_BASE_URL": f"{simulator_url}/anthropic",
        "GEMINI_BASE_URL": f"{simulator_url}/openai/v1",
    }


def url_of(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
