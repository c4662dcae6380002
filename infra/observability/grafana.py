"""A board of panels, and the Grafana dashboard that it is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SCHEMA_VERSION = 39  # of dashboards, as Grafana 10.4 writes them; later ones read it
COLUMNS = 24
PANEL_HEIGHT = 8
NUMBER_HEIGHT = 4
REFRESH = "30s"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
AGENT = 'agent=~"$agent"'  # in a query of a board where one may choose


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how each of its series is called: `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """What is asked, in which unit, and what one should know to read the answer."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    says: str
    width: int = 8


@dataclass(frozen=True, slots=True)
class Lines(Panel):
    """How it came to be what it is."""


@dataclass(frozen=True, slots=True)
class Number(Panel):
    """What it is now; from `alarming` on it is red."""

    width: int = 4
    alarming: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels about one question."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. Where `agents` is the name of a metric, one may choose among its agents."""

    name: str
    title: str
    rows: tuple[Row, ...]
    agents: str | None = None

    @property
    def queries(self) -> tuple[Query, ...]:
        panels = (panel for row in self.rows for panel in row.panels)
        return tuple(query for panel in panels for query in panel.queries)


def rate(metric: str, by: str = "", where: str = "") -> str:
    """How fast a counter grows, summed over whatever `by` does not name."""
    grows = f"rate({metric}{{{where}}}[$__rate_interval])"
    return f"sum by ({by}) ({grows})" if by else f"sum({grows})"


def quantile(share: float, histogram: str, by: str = "", where: str = "") -> str:
    """What so large a share of what was observed is below."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', labels, where)})"


def text(board: Board) -> str:
    """The file that Grafana imports."""
    return json.dumps(dashboard(board), indent=2, ensure_ascii=False) + "\n"


def dashboard(board: Board) -> dict[str, Any]:
    """The dashboard as Grafana's own JSON model has it."""
    return {
        "uid": f"interlock-{board.name}",
        "title": f"Interlock: {board.title}",
        "tags": ["interlock"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,  # one crosshair for all panels
        "refresh": REFRESH,
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_fired()]},
        "templating": {"list": list(_variables(board))},
        "panels": list(_panels(board)),
    }


def _fired() -> dict[str, Any]:
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "expr": 'ALERTS{alertstate="firing"}',
        "titleFormat": "{{alertname}}",
        "iconColor": "red",
    }


def _variables(board: Board) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    if board.agents is not None:
        yield {
            "name": "agent",
            "label": "Agent",
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": f"label_values({board.agents}, agent)", "refId": "agent"},
            "refresh": 2,  # when the time range changes
            "includeAll": True,
            "allValue": ".*",
            "multi": True,
            "current": {"text": "All", "value": "$__all"},
        }


def _panels(board: Board) -> Iterator[dict[str, Any]]:
    """Rows from the top, in each its panels from left to right, and on the next line if need be."""
    number, top = 1, 0
    for row in board.rows:
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "gridPos": place, "panels": []}
        number, top, left, tallest = number + 1, top + 1, 0, 0
        for panel in row.panels:
            height = NUMBER_HEIGHT if isinstance(panel, Number) else PANEL_HEIGHT
            if left + panel.width > COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            number, left, tallest = number + 1, left + panel.width, max(tallest, height)
        top += tallest


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": "stat" if isinstance(panel, Number) else "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or panel.title,
                "instant": isinstance(panel, Number),
                "range": not isinstance(panel, Number),
            }
            for place, query in enumerate(panel.queries)
        ],
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": panel.unit, "min": 0, "noValue": "none"}
    if isinstance(panel, Number) and panel.alarming is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.alarming}]
        found["thresholds"] = {"mode": "absolute", "steps": steps}
    return found
