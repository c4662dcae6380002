"""Dashboards on a live platform: what its services tell is what the boards ask for."""

import re

import pytest

from infra.observability.boards import BOARDS
from tests.infra.observability.prometheus import scraping
from tests.integration.eventually import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(200)]

WAIT_SECONDS = 30.0
RUN = "on-dashboards"
# Nothing of the run fails, is refused or forked: what counts that is not told.
EXPECTED = 45


async def test_a_board_shows_a_run_of_the_live_platform(platform, stage, tmp_path):
    ports = [platform.places.ports[name] for name in platform.options.services]
    with scraping(tmp_path, ports) as prometheus:
        await eventually(prometheus.is_ready, WAIT_SECONDS)
        await stage.submit(RUN, "Please slowly refund order 1046.")
        await stage.finished(RUN)

        queries = [query for board in BOARDS for query in board.queries]
        await eventually(
            lambda: sum(bool(prometheus.ask(one.expr)) for one in queries) >= EXPECTED,
            WAIT_SECONDS,
        )

        names = prometheus.names()
        for query in queries:
            if "!=" in query.expr or prometheus.ask(query.expr):
                continue
            asked = set(re.findall(r"\b(?:interlock|gen_ai)_[a-z_]+(?=[{ )\[]|$)", query.expr))
            assert not asked & names, f"{query.expr} shows nothing of what there is"
