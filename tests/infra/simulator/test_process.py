"""The simulator as a program: one line with its URL, and a clean end."""

import asyncio
import signal
import sys

import httpx

START_SECONDS = 30


async def start(*arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "infra.simulator", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_prints_its_url_and_ends_cleanly_on_sigterm():
    program = await start("--port", "0", "--seed", "7")
    line = await asyncio.wait_for(program.stdout.readline(), START_SECONDS)
    async with httpx.AsyncClient(base_url=line.decode().split()[-1]) as client:
        health = (await client.get("/healthz")).json()

    program.send_signal(signal.SIGTERM)
    rest, errors = await asyncio.wait_for(program.communicate(), START_SECONDS)

    assert health == {"status": "ok", "seed": 7}
    assert (program.returncode, rest, errors) == (0, b"", b"")


async def test_a_bad_scenario_folder_ends_it_with_a_reason(tmp_path):
    (tmp_path / "bad.yaml").write_text("name: s")
    program = await start("--scenarios", str(tmp_path))

    _, errors = await asyncio.wait_for(program.communicate(), START_SECONDS)

    assert program.returncode == 2
    assert b"bad.yaml: s: match: Field required" in errors
    assert b"Traceback" not in errors
