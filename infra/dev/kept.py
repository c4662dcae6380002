"""Read the state that a platform left: the log, the tables and the console, and no workers.

`interlock runs show` works on a machine where nothing runs: the command starts this program beside
itself, asks it, and closes its standard input; then everything stops again.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from contracts.subjects import CONSOLE
from infra.platform.child import ChildEvent
from infra.platform.cluster import kept_durability
from infra.platform.errors import PlatformError
from infra.platform.home import HOME_VARIABLE, Home
from services.console.cli.endpoint import Endpoint
from services.console.cli.errors import CommandFailed, not_running

from .assembly import REPOSITORY
from .platform import DevOptions, DevPlatform

STOP_SECONDS = 30.0


@contextmanager
def kept_endpoint() -> Iterator[Endpoint]:
    """A console over the kept state, for as long as the block lasts.

    Raises:
        CommandFailed: there is no state, or it cannot be read now.
    """
    home = Home.from_environment()
    if not any(home.nats.glob("**/jetstream")):
        raise not_running()
    print("The platform is not running; reading the state it left ...", file=sys.stderr)
    with subprocess.Popen(
        [sys.executable, "-m", "infra.dev.kept"],
        cwd=REPOSITORY,
        env={**os.environ, HOME_VARIABLE: str(home.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin is not None, "it was asked for"
        assert reader.stdout is not None, "it was asked for"
        line = reader.stdout.readline()
        try:
            if not line.startswith("{"):
                raise CommandFailed("The kept state cannot be read.", line.strip() or "see logs/")
            yield Endpoint(**json.loads(line))
        finally:
            reader.stdin.close()
            reader.wait(STOP_SECONDS)


async def _serve() -> int:
    home = Home.from_environment()
    options = DevOptions(
        home,
        durability=kept_durability(home),
        services=(CONSOLE,),
        console_port=0,
        nats_port=0,
    )
    try:
        async with DevPlatform.running(options, _quiet, _quiet) as platform:
            print(json.dumps(asdict(Endpoint(platform.console_url, platform.token))), flush=True)
            await asyncio.to_thread(sys.stdin.read)
    except PlatformError as error:
        print(error, flush=True)
        return 1
    return 0


def _quiet(_: str | ChildEvent) -> None:
    """Whoever asked wants the answer, not the story of how it was got."""


if __name__ == "__main__":
    sys.exit(asyncio.run(_serve()))
