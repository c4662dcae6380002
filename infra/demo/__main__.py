"""`make demo`: six runs through every layer, told as they happen, checked at the end."""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console

from contracts.envelope import Fact
from contracts.shape import Body
from infra.dev.platform import DevOptions, DevPlatform
from infra.dev.terminal import describe
from infra.platform.child import ChildEvent
from infra.platform.errors import PlatformError
from infra.platform.home import Home

from .scenes import SCENES, SceneResult, play
from .stage import SceneFailed, Stage
from .telling import Teller

SCENARIOS = Path(__file__).parent / "scenarios"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    options = parser.parse_args()
    console = Console(stderr=options.json, highlight=False)
    started = time.monotonic()
    try:
        results = asyncio.run(_demo(console))
    except (PlatformError, SceneFailed, httpx.HTTPError, OSError) as error:
        console.print(f"[red]demo:[/] {error}", soft_wrap=True)
        results = []
    ok = len(results) == len(SCENES) and all(one.ok for one in results)
    if options.json:
        print(json.dumps({"ok": ok, "runs": [one.as_json() for one in results]}))
    elif results:
        Teller(console).close(results, ok=ok, seconds=time.monotonic() - started)
    return 0 if ok else 1


async def _demo(console: Console) -> list[SceneResult]:
    teller = Teller(console)

    def on_event(event: ChildEvent) -> None:
        if (sentence := describe(event)) is not None:
            console.print(f"         {sentence}")

    def on_fact(fact: Fact[Body]) -> None:
        teller.tell(fact)

    home = Home.from_environment()
    options = DevOptions(home, scenarios=SCENARIOS, real_providers=False)
    results = []
    async with (
        DevPlatform.running(options, teller.prepare, on_event) as platform,
        Stage.on(platform, on_fact) as stage,
    ):
        await stage.reset_shop()
        for scene in SCENES:
            teller.open(scene)
            results.append(await play(scene, stage))
            teller.judge(results[-1])
        teller.prepare("stopping; the runs are kept")
    return results


if __name__ == "__main__":
    sys.exit(main())
