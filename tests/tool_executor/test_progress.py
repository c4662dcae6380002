"""Tools that tell how far they have come, and tools that fall silent."""

import asyncio
import math

import pytest
from pydantic import ValidationError

from contracts.progress import NOTE_LIMIT_CHARACTERS, Progress, ToolProgress
from contracts.tool import ToolFailed, ToolManifest, ToolSucceeded, ToolUnknown, manifest_of
from services.tool_executor.adapters.runner import FakeRunner, InProcess
from services.tool_executor.adapters.telling import Telling
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules import Expired, Returned, Silent, outcome_of
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.tool_executor import sample_tools
from tests.tool_executor.calling import CONTEXT, Cleared, declared, registry_of
from tests.tool_executor.test_runner import running


class Heed:
    """Keeps what a tool tells."""

    def __init__(self):
        self.told = []

    def __call__(self, progress):
        self.told.append(progress)

    @property
    def words(self):
        return [one.words for one in self.told]


async def told_by(name, arguments, secrets=(), **changes):
    """What a tool in a worker tells, and how it ends."""
    heed = Heed()
    async with running() as runner, runner.place(declared(name, secrets, **changes)) as place:
        tool = declared(name, secrets, **changes)
        return await place.run(tool, arguments, CONTEXT.telling(heed)), heed


async def in_process(arguments, **changes):
    heed = Heed()
    tool = declared("tell_in_process", **changes)
    return await InProcess().run(tool, arguments, CONTEXT.telling(heed)), heed


async def test_a_tool_in_a_worker_tells_how_far_it_has_come_before_it_returns():
    ending, heed = await told_by("count_to", '{"number": 3, "pause_seconds": 0.3}')

    assert ending == Returned('"counted"')
    assert heed.words == ["1/3 step 1", "2/3 step 2", "3/3 step 3"]


async def test_a_tool_that_tells_of_thousands_of_steps_is_heard_a_few_times():
    ending, heed = await told_by("count_to", '{"number": 5000, "pause_seconds": 0}')

    assert ending == Returned('"counted"')
    assert 1 <= len(heed.told) < 200


async def test_the_last_that_a_tool_tells_before_it_is_silent_is_not_lost():
    _, heed = await told_by("tell_then_hush", '{"seconds": 0.8}')

    assert heed.words == ["1/2 first", "2/2 last with nothing"]


async def test_what_a_tool_tells_quotes_none_of_its_secrets(monkeypatch):
    monkeypatch.setenv("SAMPLE_SECRET", "hunter2-hunter2")

    _, heed = await told_by("tell_then_hush", '{"seconds": 0.8}', ("SAMPLE_SECRET",))

    assert heed.words[-1] == "2/2 last with [redacted]"


async def test_what_is_told_after_the_end_of_a_call_does_not_disturb_the_next():
    async with running() as runner:
        for name, arguments, output in (
            ("tell_too_late", "{}", '"done"'),
            ("count_to", '{"number": 1, "pause_seconds": 0.6}', '"counted"'),
        ):
            async with runner.place(declared(name)) as place:
                assert await place.run(declared(name), arguments, CONTEXT) == Returned(output)


async def test_a_tool_in_a_worker_that_tells_nothing_for_too_long_is_stopped():
    ending, _ = await told_by("tell_then_hush", '{"seconds": 60}', silent_seconds=1.0)

    assert ending == Silent(1.0)


async def test_a_tool_that_goes_on_telling_may_take_longer_than_its_silence():
    arguments = '{"number": 5, "pause_seconds": 0.5}'

    ending, _ = await told_by("count_to", arguments, silent_seconds=2.0)

    assert ending == Returned('"counted"')


async def test_telling_does_not_put_off_the_time_limit():
    arguments = '{"number": 1000, "pause_seconds": 0.05}'

    ending, _ = await told_by("count_to", arguments, silent_seconds=0.9, timeout_seconds=1.0)

    assert ending == Expired(1.0)


async def test_a_tool_in_process_tells_and_is_held_to_its_silence():
    ending, heed = await in_process('{"times": 3, "pause_seconds": 0.01}', silent_seconds=5.0)
    silent, _ = await in_process('{"times": 2, "pause_seconds": 60}', silent_seconds=0.1)

    assert (ending, heed.words) == (Returned('"told"'), ["1/3", "2/3", "3/3"])
    assert silent == Silent(0.1)


@pytest.mark.parametrize(("effect", "kind"), [("read", ToolFailed), ("money", ToolUnknown)])
def test_what_fell_silent_in_the_middle_of_an_effect_is_unknown_and_else_failed(effect, kind):
    manifest = declared("double").manifest.model_copy(update={"effect": effect})
    call = Cleared(declared("double")).asked.body

    outcome = outcome_of(Silent(9), call, manifest, 1)

    assert isinstance(outcome, kind)
    assert "told nothing for 9 s" in outcome.reason
    assert getattr(outcome, "kind", "silent") == "silent"


class Telltale(FakeRunner):
    """A tool that tells once."""

    async def run(self, tool, arguments_json, context):
        context.progress(3, 10, "rows")
        await asyncio.sleep(0)  # what was told is on its way, as with any tool that works
        await asyncio.sleep(0)
        return await super().run(tool, arguments_json, context)


async def test_progress_goes_out_live_and_into_no_log():
    cleared, bus = Cleared(declared("double")), MemoryBus()
    bus.given(*cleared.history.facts)
    desk = Desk(registry_of(declared("double")), Telltale())

    await run_call(Heard(bus.facts[-1]), bus, desk)

    [(subject, payload)] = bus.lives
    told = ToolProgress.model_validate_json(payload)
    assert subject == "live.acme.r-1.progress"
    assert (told.tool, told.call, told.attempt, told.words) == ("double", "1-1", 1, "3/10 rows")
    assert [type(fact.body) for fact in bus.facts[-1:]] == [ToolSucceeded]
    assert "rows" not in "".join(str(fact.body) for fact in bus.facts)


async def test_while_one_is_on_its_way_only_the_last_of_the_next_is_kept():
    told: asyncio.Queue[float] = asyncio.Queue()
    gate = asyncio.Event()

    async def slow(progress):
        await told.put(progress.done)
        await gate.wait()

    telling = Telling(slow)
    telling(Progress(done=1))
    first = await told.get()
    for done in range(2, 1000):
        telling(Progress(done=done))
    gate.set()
    second = await told.get()
    telling.close()

    assert (first, second, told.empty()) == (1, 999, True)


async def test_a_call_does_not_fail_because_nobody_can_be_told():
    async def broken(_):
        raise ConnectionError

    telling = Telling(broken)
    telling(Progress(done=1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    telling.close()


@pytest.mark.parametrize("amount", [math.nan, math.inf, -1, "3", None, True, 10**400])
def test_an_amount_that_cannot_be_shown_is_left_out(amount):
    assert Progress.told(amount, amount, "x") == Progress(note="x")


def test_a_note_is_short_and_moves_no_cursor():
    told = Progress.told(None, None, "\x1b[2J" + "x" * 1000)

    assert told.note.startswith(" [2J")
    assert len(told.note) == NOTE_LIMIT_CHARACTERS


def test_a_tool_that_nobody_listens_to_tells_in_vain():
    CONTEXT.progress(1, 2, "anybody there?")


def test_a_silence_that_can_never_come_is_refused():
    with pytest.raises(ValidationError, match="say a shorter silence"):
        ToolManifest(name="t", description="d", parameters={}, silent_seconds=30)


def test_runs_that_were_pinned_before_there_was_a_silence_go_on():
    """The hash of a manifest that says nothing of it is what it was."""
    manifest = manifest_of(sample_tools.double)
    loud = manifest.model_copy(update={"silent_seconds": 5.0})

    assert "silent_seconds" not in manifest.model_dump(exclude_none=True)
    assert manifest.sha256 != loud.sha256
