"""A label moves only from what was judged, whoever else moves labels at that moment."""

from dataclasses import dataclass, field

import pytest

from shared.release_log import MemoryReleases
from tests.console.conftest import as_
from tests.console.test_releases_api import (
    OLD,
    PATH,
    asked,
    desk,
    settings,
    take_trials,
)
from tests.releasing import released

__all__ = ["desk", "settings", "take_trials"]  # fixtures


@dataclass
class Overtaken(MemoryReleases):
    """Between what is read and what is said of it, others say `between`, one thing at a time."""

    between: list = field(default_factory=list)

    async def give(self, told, last=None):
        if self.between:
            self.given.append(self.between.pop(0))
        return await super().give(told, last)


@pytest.mark.parametrize("label", ["staging", "canary", "production"])
async def test_a_label_moves_only_from_what_was_judged(api, desk, label):
    desk.releases = log = Overtaken()
    log.between = [released("production", OLD)]

    answer = await api.post(PATH, json=asked(label))

    assert answer.status_code == 409
    assert f"production is {OLD.version}" in answer.json()["what"]
    assert len(log.given) == 1


async def test_production_moves_only_from_what_the_second_person_saw(api, desk):
    desk.releases = log = Overtaken()
    nonce = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]
    log.between = [released("production", OLD)]

    answer = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_("otto-token"))

    assert answer.status_code == 409
    assert (await log.heads()).version("support", "production") == OLD.version


@pytest.mark.parametrize(("others", "status"), [(1, 202), (2, 202), (3, 409)])
async def test_a_label_that_others_move_beside_it_is_tried_again_a_few_times(
    api, desk, others, status
):
    desk.releases = log = Overtaken()
    log.between = [released("canary", None, nonce=f"n-{number}") for number in range(others)]

    answer = await api.post(PATH, json=asked("staging"))

    assert answer.status_code == status, answer.text
