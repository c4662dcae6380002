"""`interlock dev`: starts, tells where it is, stops with no child left, and resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.timeout(180)
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 40


class Dev:
    """One `interlock dev`, and the console that it starts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli", "dev", "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "INTERLOCK_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ready(self) -> httpx.Client:
        """A client of the console, once the platform says where it is."""
        endpoints = self.home / "run" / "endpoints.json"
        until(lambda: endpoints.exists() or self.process.poll() is not None, START_SECONDS)
        assert self.process.poll() is None, self.process.stdout.read()
        token = self.tokens()[0]
        url = json.loads(endpoints.read_text())["console_url"]
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=10)

    def tokens(self) -> list[str]:
        """Of whoever is at this machine, and of whoever approves."""
        return list(json.loads((self.home / "keys" / "tokens.json").read_text()))

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, with_signal: int) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(STOP_SECONDS)
        self.process.stdout.close()
        return code


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Return once it holds."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, f"not within {seconds} s"
        time.sleep(0.1)


def waiting_review(console: httpx.Client, seconds: float = 20) -> dict:
    """The review that a run waits for."""
    found: list[dict] = []

    def asked() -> bool:
        found[:] = console.get("/reviews").json()
        return bool(found)

    until(asked, seconds)
    return found[0]


def test_it_resumes_an_unfinished_run_and_leaves_no_child_behind(tmp_path):
    first = Dev(tmp_path / "home")
    text = "My parcel 1042 never came, I want my money back."
    with first.ready() as console:
        console.post("/tasks", json={"agent": "support", "input": text, "run_id": "kept"})
        question = waiting_review(console)
    children = first.children()

    assert first.stop(signal.SIGTERM) == 0
    assert not [child for child in children if child.is_running()]

    second = Dev(tmp_path / "home")
    with second.ready() as console:
        # Nobody approves what they asked for themselves.
        somebody_else = {"authorization": f"Bearer {second.tokens()[1]}"}
        url = f"/reviews/{question['id']}/approve"
        console.post(url, json={"reason": "fine"}, headers=somebody_else)
        until(lambda: console.get("/runs/kept").json()["status"] == "completed", 30)
    children = second.children()
    assert second.stop(signal.SIGINT) == 0
    assert not [child for child in children if child.is_running()]


def test_a_second_one_on_the_same_home_is_told_who_holds_it(tmp_path):
    first = Dev(tmp_path / "home")
    first.ready().close()

    second = Dev(tmp_path / "home")
    said, _ = second.process.communicate(timeout=START_SECONDS)

    assert second.process.returncode == 1
    assert str(first.process.pid) in said
    assert first.stop(signal.SIGTERM) == 0


def test_killed_without_warning_it_takes_its_children_along(tmp_path):
    dev = Dev(tmp_path / "home")
    dev.ready().close()
    children = dev.children()

    dev.stop(signal.SIGKILL)

    until(lambda: not [child for child in children if child.is_running()], 20)
