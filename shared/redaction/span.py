"""Where in a text something was found."""

from typing import NamedTuple


class Span(NamedTuple):
    """Characters from `start` up to, not including, `end`."""

    start: int
    end: int
