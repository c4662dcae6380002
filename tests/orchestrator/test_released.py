"""A run starts by the release that the gate assigned, whatever is in force by then."""

from dataclasses import replace

import pytest

from contracts.agent import Assigned
from contracts.run import RunStarted
from shared.errors import Again
from tests.bodies import agent, task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import BOOK, said
from tests.releasing import in_force, released, version

OLD, NEW = version("old"), version("new")


def cleared(assigned: Assigned | None) -> History:
    history = History()
    verdict = task_cleared().model_copy(update={"assigned": assigned})
    history.say(verdict, history.say(task()))
    return history


async def test_a_run_starts_by_the_definition_that_was_assigned():
    both = released("production", OLD), released("production", NEW)
    book = replace(BOOK, releases=await in_force(*both))

    (started,) = said(cleared(Assigned(label="production", version=OLD.version)), book=book)

    assert isinstance(started, RunStarted)
    assert (started.agent, started.agent_version) == (OLD, OLD.version)


@pytest.mark.parametrize("assigned", [None, Assigned(label="production", chance=0.8)])
async def test_a_run_without_a_release_starts_as_configured(assigned):
    book = replace(BOOK, releases=await in_force(released("production", NEW)))

    (started,) = said(cleared(assigned), book=book)

    assert started.agent == agent()


async def test_a_release_that_is_not_known_yet_is_waited_for():
    book = replace(BOOK, releases=await in_force())

    with pytest.raises(Again, match="not known here yet"):
        said(cleared(Assigned(label="canary", version=NEW.version)), book=book)
