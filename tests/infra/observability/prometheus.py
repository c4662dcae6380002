"""A real Prometheus for a test: what it scrapes, and what it answers."""

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from infra.observability.tools import ToolMissing, tool
from infra.platform.ports import LOOPBACK, choose_port

SCRAPE_SECONDS = 0.5
STOP_SECONDS = 10
ASK_SECONDS = 10
# What Grafana fills in: some scrapes long, so that a counter has grown within.
FILLED_IN = {"$__rate_interval": "5s", "$agent": ".*"}


def program(name):
    """Debian's; where it is not to be had the test is skipped, but never in CI."""
    try:
        return tool(name)
    except ToolMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no {name}: {error}")


@dataclass(frozen=True)
class Prometheus:
    url: str

    def is_ready(self):
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=ASK_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, expr):
        """The series that a query gives; fails where Prometheus cannot read it."""
        for name, value in FILLED_IN.items():
            expr = expr.replace(name, value)
        answer = self._get("query", query=expr)
        assert answer["status"] == "success", f"{expr}: {answer.get('error')}"
        return answer["data"]["result"]

    def names(self):
        """Every metric that it has."""
        return set(self._get("label/__name__/values")["data"])

    def _get(self, path, **params):
        return httpx.get(f"{self.url}/api/v1/{path}", params=params, timeout=ASK_SECONDS).json()


@contextmanager
def scraping(folder, ports):
    """A Prometheus that scrapes these ports as one job; stopped when the block is left."""
    job = {
        "job_name": "interlock",
        "static_configs": [{"targets": [f"{LOOPBACK}:{port}" for port in ports]}],
    }
    scrape = f"{round(SCRAPE_SECONDS * 1000)}ms"
    config = folder / "prometheus.yml"  # JSON is YAML
    config.write_text(json.dumps({"global": {"scrape_interval": scrape}, "scrape_configs": [job]}))
    address = f"{LOOPBACK}:{choose_port()}"
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
