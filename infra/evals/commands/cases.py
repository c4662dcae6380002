"""`interlock eval capture` and `import`: where cases come from."""

from pathlib import Path
from typing import Annotated

import typer

from contracts.shape import MICRO
from services.console.cli.client import connect
from services.console.cli.output import ends_well


@ends_well
def capture(
    run_id: Annotated[str, typer.Argument(help="A run that is over")],
    at: Annotated[
        int | None, typer.Option("--at", min=1, help="The step whose decision was wrong")
    ] = None,
    file: Annotated[Path | None, typer.Option("-o", "--output", help="A .jsonl, added to")] = None,
    minimise: Annotated[
        bool, typer.Option("--minimise", help="Leave out what its failing does not need")
    ] = False,
    tries: Annotated[
        int, typer.Option(min=1, max=200, help="So many tries for that, of --repeat each")
    ] = 40,
    repeat: Annotated[
        int, typer.Option(min=1, max=100, help="Each so often; it fails where most do")
    ] = 1,
    budget_usd: Annotated[float, typer.Option(min=0, help="And so much money")] = 1.0,
    tenant: Annotated[str | None, typer.Option(help="Where several have the id")] = None,
) -> None:
    """Make a case of a run: of what it did, or of the decision that must not be taken again."""
    from infra.evals.casting import captured, put  # noqa: PLC0415 - brings scipy
    from infra.evals.smaller import Smaller  # noqa: PLC0415 - brings scipy

    how = Smaller(tries, round(budget_usd * MICRO), tenant, repeat)
    smaller = how if minimise else None
    put([captured(connect(reading=not minimise), run_id, tenant, at, smaller)], file)


@ends_well
def import_(
    form: Annotated[
        str, typer.Argument(help="promptfoo, openai-evals, inspect, inspect-json, inspect-csv")
    ],
    source: Annotated[Path, typer.Argument(help="The other tool's file")],
    file: Annotated[Path | None, typer.Option("-o", "--output", help="A .jsonl, added to")] = None,
    graders: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Of openai-evals: their JSON list"),
    ] = None,
) -> None:
    """Take over the cases of another tool. What cannot be taken is told, each with its reason."""
    from infra.evals.casting import imported, put, tell_untaken  # noqa: PLC0415 - brings scipy

    found = imported(form, source, graders)
    tell_untaken(found)
    put(found.cases, file)
