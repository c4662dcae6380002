"""Handlers: registered by what they hear, and filled in with what they ask for."""

import pytest
from faststream import ContextRepo

from contracts.money import ModelFunded
from contracts.run import RunCancelled, RunFailed
from shared.service import Handlers, bind


def test_a_handler_is_registered_under_each_kind_that_it_hears():
    hears = Handlers()

    @hears(RunFailed, RunCancelled)
    async def on_end(heard) -> None:
        """Hear the end."""

    assert hears.by_type == {"run.failed": on_end, "run.cancelled": on_end}


async def test_a_handler_gets_what_it_asks_for_by_name():
    context = ContextRepo()
    context.set_global("bus", "the bus")
    got: list[tuple[object, object]] = []

    async def on_funded(heard: ModelFunded, bus: object) -> None:
        got.append((heard, bus))

    await bind(on_funded, context)("heard")

    assert got == [("heard", "the bus")]


def test_a_handler_that_asks_for_what_nobody_wired_is_named_at_the_start():
    async def on_funded(heard: ModelFunded, desk: object) -> None:
        """Never called."""

    with pytest.raises(LookupError, match=r"on_funded asks for \['desk'\]"):
        bind(on_funded, ContextRepo())
