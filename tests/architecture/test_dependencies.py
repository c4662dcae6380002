"""What one service installs: its own needs, and nobody else's hundred packages."""

import re
import subprocess
import tomllib

import pytest

from contracts.subjects import GUARDRAIL, ROUTER, SERVICES
from tests.architecture.sources import ROOT
from tests.uv import NO_UV, find_uv

EXPORT_TIMEOUT_SECONDS = 60
# Who alone may bring what is large, or has its own idea of what others may have.
ONLY = {
    "openai": {ROUTER, GUARDRAIL},  # guardrails-ai depends on it
    "anthropic": {ROUTER},
    "guardrails-ai": {GUARDRAIL},
}


def package_of(service: str) -> str:
    return f"interlock-{service.replace('_', '-')}"


def locked(package: str) -> set[str]:
    """Everything that a package brings, by the lock, on any platform and with every extra."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    needs: dict[str, set[str]] = {}
    for each in lock["package"]:
        extras = each.get("optional-dependencies", {}).values()
        every = [*each.get("dependencies", ()), *(one for extra in extras for one in extra)]
        needs.setdefault(each["name"], set()).update(one["name"] for one in every)
    found, open_ = set(), [package]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_.extend(needs[name])
    return found


def exported(uv: str, package: str) -> set[str]:
    """What `uv sync --frozen --no-dev --package ...` would install."""
    done = subprocess.run(
        [uv, "export", "--frozen", "--no-dev", "--no-hashes", "--package", package],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=EXPORT_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^([A-Za-z0-9._-]+)==", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_brings_no_sdk_that_belongs_to_another(service):
    brought = locked(package_of(service))

    strange = [name for name, owners in ONLY.items() if name in brought and service not in owners]

    assert not strange, f"services/{service}/pyproject.toml brings {strange}"


def test_the_lock_is_read_to_its_end():
    """Else the test above would find nothing, and be pleased."""
    assert {"openai", "anthropic"} <= locked(package_of(ROUTER))
    assert "guardrails-ai" in locked(package_of(GUARDRAIL))


def test_uv_installs_the_ledger_without_any_of_them():
    uv = find_uv()
    if uv is None:
        pytest.skip(NO_UV)

    brought = exported(uv, package_of("cost_ledger"))

    assert "asyncpg" in brought
    assert not brought & {*ONLY, "guardrails-api-client"}
