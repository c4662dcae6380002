"""Intervals as small drawings, so that a column of them is read at a glance."""

from services.evaluator.results import Estimate

WIDTH, HEIGHT = 176, 18
MARGIN = 6
# What is better when there is less of it.
LESS_IS_BETTER = frozenset({"usd", "seconds", "calls"})


def from_zero_to_one(one: Estimate) -> str:
    """A share on the line from 0 to 1; nothing where nobody knows how sure it is."""
    if one.low is None or one.high is None:
        return ""
    return _drawing(one.low, one.value, one.high, axis=None)


def around_zero(one: Estimate) -> str:
    """A difference about the line of no change, worse on the left; its width is its own scale."""
    if one.low is None or one.high is None:
        return ""
    widest = max(abs(one.low), abs(one.high), 1e-12)
    sign = -1 if one.unit in LESS_IS_BETTER else 1
    places = sorted(0.5 + sign * each / (2 * widest) for each in (one.low, one.high))
    return _drawing(places[0], 0.5 + sign * one.value / (2 * widest), places[1], axis=0.5)


def _drawing(low: float, value: float, high: float, *, axis: float | None) -> str:
    middle = HEIGHT / 2
    parts = [_line("axis", (0, middle), (1, middle))]
    if axis is not None:
        parts.append(_line("axis", (axis, 1), (axis, HEIGHT - 1)))
    parts.append(_line("range", (low, middle), (high, middle)))
    parts.append(f'<circle class="point" cx="{_x(value)}" cy="{middle}" r="4"/>')
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg class="bar" {view} aria-hidden="true">{"".join(parts)}</svg>'


def _line(kind: str, begin: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = begin, end
    return f'<line class="{kind}" x1="{_x(x1)}" x2="{_x(x2)}" y1="{y1}" y2="{y2}"/>'


def _x(place: float) -> str:
    inside = min(max(place, 0.0), 1.0)
    return f"{MARGIN + inside * (WIDTH - 2 * MARGIN):.1f}"
