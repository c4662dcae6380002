"""One check, which ends within its limit and never raises, whatever it finds."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .errors import Unanswered, Unexaminable
from .finding import Finding, fail, skipped
from .installation import Installation

LIMIT_SECONDS = 10.0
OURS = "this is a mistake in the doctor itself: report it with this line"

ASK_THE_ENGINE = "nats server report jetstream; then restart the node that it complains of"

T = TypeVar("T")
Look = Callable[[Installation], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """Looks at one subject. `name` is that of the finding where it cannot look, or not in time."""

    name: str
    look: Look
    limit_seconds: float = LIMIT_SECONDS

    async def findings(self, installation: Installation) -> tuple[Finding, ...]:
        """What it found, always something, within the limit."""
        try:
            async with asyncio.timeout(self.limit_seconds):
                return tuple(await self.look(installation))
        except Unexaminable as reason:
            return (skipped(self.name, str(reason)),)
        except Unanswered as error:
            return (fail(self.name, str(error), ASK_THE_ENGINE),)
        except TimeoutError:
            said = f"no answer within {self.limit_seconds:g} s"
            return (
                fail(self.name, said, f"look at what it asks: interlock doctor --only {self.name}"),
            )
        except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
            return (fail(self.name, f"{type(error).__name__}: {error}", OURS),)


async def aside(work: Callable[[], T]) -> T:
    """Run blocking `work` beside the loop, in a thread that nobody waits for at the end.

    The loop's own threads are joined when it closes: one that hangs (a dead mount) would hold up
    the whole program.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[], None]) -> None:
        if not done.done():
            settled()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            caught = error
            _tell(loop, lambda: settle(lambda: done.set_exception(caught)))
        else:
            _tell(loop, lambda: settle(lambda: done.set_result(result)))

    threading.Thread(target=run, daemon=True).start()
    return await done


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Hand over to the loop, unless it has closed meanwhile: then nobody waits any more."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)
