"""Where a run came from, in the words that begin the sentence about its start."""

from contracts.run import RunStarted


def origin(started: RunStarted) -> str:
    """What it grew from or tries, with a semicolon after it; nothing of a run that just began."""
    grown = started.ancestor
    if grown is None:
        return "a trial that touches nothing; " if started.shadow else ""
    if grown.kind == "continues":
        return f"continues run {grown.run_id}; "
    return f"a shadow of run {grown.run_id}, step {grown.step}; "
