"""What operators look at: one board for each of four questions."""

from infra.observability.boards.engine import ENGINE
from infra.observability.boards.gates import GATES
from infra.observability.boards.models import MODELS
from infra.observability.boards.runs import RUNS

BOARDS = (RUNS, MODELS, GATES, ENGINE)
