"""Dashboards: a real Prometheus answers each of their queries, with the labels they are read by."""

import math
import re
import subprocess
import sys

import pytest
import yaml

from infra.observability.boards import BOARDS
from infra.observability.grafana import COLUMNS, dashboard
from tests.architecture.sources import ROOT
from tests.infra.observability.prometheus import scraping
from tests.integration.eventually import eventually

RULES = ROOT / "infra/observability/alerts.yml"
ALERTS = {rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
QUERIES = [
    pytest.param(query, id=f"{board.name}-{number}")
    for board in BOARDS
    for number, query in enumerate(board.queries)
]
PANELS = [
    pytest.param(panel, id=f"{board.name}-{panel.title}")
    for board in BOARDS
    for row in board.rows
    for panel in row.panels
]
SCRAPED_WITHIN_SECONDS = 30.0

pytestmark = pytest.mark.timeout(200)  # the first may have to fetch Prometheus


@pytest.fixture(scope="module")
def metrics_port():
    """Where a process tells every metric of every service."""
    command = [sys.executable, "-m", "tests.infra.observability.exposition"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, metrics_port):
    with scraping(tmp_path_factory.mktemp("prometheus"), [metrics_port]) as running:
        yield running


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_is_answered_with_the_labels_of_its_legend(prometheus, query):
    await eventually(prometheus.is_ready, SCRAPED_WITHIN_SECONDS)

    await eventually(lambda: _numbers(prometheus.ask(query.expr)), SCRAPED_WITHIN_SECONDS)

    wanted = set(re.findall(r"{{(\w+)}}", query.legend))
    for series in prometheus.ask(query.expr):
        assert wanted <= set(series["metric"]), f"{query.expr} has no such label"


def _numbers(series):
    return bool(series) and all(math.isfinite(float(one["value"][1])) for one in series)


@pytest.mark.parametrize("alert", ALERTS)
async def test_an_alert_is_understood(prometheus, alert):
    await eventually(prometheus.is_ready, SCRAPED_WITHIN_SECONDS)

    prometheus.ask(ALERTS[alert]["expr"])


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_panels_of_a_board_lie_beside_each_other(board):
    places = [one["gridPos"] for one in dashboard(board)["panels"]]

    taken = [
        (column, line)
        for place in places
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(column for column, _ in taken) < COLUMNS


def test_names_of_boards_and_numbers_of_panels_are_unique():
    boards = [dashboard(board) for board in BOARDS]

    assert len({one["uid"] for one in boards}) == len(boards)
    for one in boards:
        ids = [panel["id"] for panel in one["panels"]]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_names_only_alerts_that_exist(panel):
    named = set(re.findall(r"\bSee (?:the alert )?([A-Z]\w+)", panel.says))

    assert named <= set(ALERTS)


def test_every_metric_that_an_alert_asks_for_is_on_a_board():
    """Whoever is called wants to see how it came to it."""
    shown = " ".join(query.expr for board in BOARDS for query in board.queries)
    asked = {
        name
        for rule in ALERTS.values()
        for name in re.findall(r"\b(?:interlock|gen_ai)_[a-z_]+\b", rule["expr"])
    } - {"gen_ai_provider_name"}

    assert {name for name in asked if name not in shown} == set()
