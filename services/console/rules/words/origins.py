"""Where a run came from, and under what: the words around the sentence about its start."""

from contracts.run import RunStarted

# What decides on what it runs, and what that may cost; `--json` has every part.
TOLD_PARTS = ("models", "prices", "budgets", "manifests")


def origin(started: RunStarted) -> str:
    """What it grew from or tries, with a semicolon after it; nothing of a run that just began."""
    grown = started.ancestor
    if grown is None:
        return "a trial that touches nothing; " if started.shadow else ""
    if grown.kind == "continues":
        return f"continues run {grown.run_id}; "
    return f"a shadow of run {grown.run_id}, step {grown.step}; "


def configured(started: RunStarted) -> str:
    """Under which versions of the configuration it began; nothing where nobody told."""
    found = started.configuration
    if found is None:
        return ""
    told = ", ".join(f"{name} {found.parts[name]}" for name in TOLD_PARTS if name in found.parts)
    return f"; configuration {found.whole}{f' ({told})' if told else ''}"
