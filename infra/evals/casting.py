"""Cases from elsewhere: `interlock eval capture` of a run, `import` of another tool's file."""

from collections.abc import Callable
from pathlib import Path

import typer

from contracts.suite import Case
from infra.evals.exported import exported_run
from infra.evals.smaller import Smaller, made_smaller
from services.console.cli.client import Client
from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.evaluator.datasets.capturing import case_of
from services.evaluator.datasets.files import read_text
from services.evaluator.datasets.importing.imported import Imported
from services.evaluator.datasets.importing.inspect_samples import take_inspect
from services.evaluator.datasets.importing.openai_evals import take_openai_evals
from services.evaluator.datasets.importing.promptfoo import take_promptfoo
from services.evaluator.datasets.reading import load_cases
from services.evaluator.datasets.writing import cases_jsonl
from services.evaluator.errors import DatasetError

UNTAKEN_SHOWN = 50
GRADED = "openai-evals"
FORMATS: dict[str, Callable[[str], Imported]] = {
    "promptfoo": take_promptfoo,
    GRADED: take_openai_evals,
    "inspect": take_inspect,
    "inspect-json": lambda text: take_inspect(text, "json"),
    "inspect-csv": lambda text: take_inspect(text, "csv"),
}


def captured(
    client: Client, run_id: str, tenant: str | None, step: int | None, smaller: Smaller | None
) -> Case:
    """The case that a run makes, perhaps with all left out that its failing does not need.

    Raises:
        CommandFailed: there is no such run, or it makes no case; or as it is, the case passes.
    """
    run = exported_run(client, run_id, tenant)
    try:
        case = case_of(run, step)
    except DatasetError as error:
        raise CommandFailed(str(error), "see: interlock runs show " + run_id, USAGE) from None
    if smaller is None or run.started is None:
        return case
    return made_smaller(client, case, run.started.body.agent.name, smaller)


def imported(form: str, file: Path, graders: Path | None = None) -> Imported:
    """The cases of another tool's file; `graders` of OpenAI evals lie in one of their own.

    Raises:
        CommandFailed: the format is not known, or the file is not of it.
    """
    if form not in FORMATS:
        raise CommandFailed(f"no format is named {form}", f"choose {', '.join(FORMATS)}", USAGE)
    if graders is not None and form != GRADED:
        raise CommandFailed(f"{form} has no graders", f"leave --graders to {GRADED}", USAGE)
    try:
        if graders is not None:
            return take_openai_evals(read_text(file), read_text(graders))
        return FORMATS[form](read_text(file))
    except DatasetError as error:
        raise CommandFailed(str(error), "name its format and the file", USAGE) from None


def put(cases: list[Case], file: Path | None) -> None:
    """Append cases to a file of cases, or print them. One whose name is there is refused.

    Raises:
        CommandFailed: the file cannot be written, or has a case of that name.
    """
    text = cases_jsonl(cases)
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        known = {one.id for one in load_cases(file)} if file.exists() else set()
        if twice := sorted(known & {one.id for one in cases}):
            raise CommandFailed(f"{file} has a case {twice[0]}", "take it out first", FAILED)
        is_whole = not known or file.read_bytes().endswith(b"\n")
        with file.open("a", encoding="utf-8") as opened:
            opened.write(("" if is_whole else "\n") + text)
    except DatasetError as error:
        raise CommandFailed(str(error), "correct it, or name another file", USAGE) from None
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", "name another file", USAGE) from None
    typer.echo(f"{file}: {len(cases)} more cases", err=True)


def tell_untaken(found: Imported) -> None:
    """What was not taken over, and why: never in silence."""
    for one in found.untaken[:UNTAKEN_SHOWN]:
        typer.echo(f"not taken: {one.where}: {one.why}", err=True)
    if len(found.untaken) > UNTAKEN_SHOWN:
        typer.echo(f"and {len(found.untaken) - UNTAKEN_SHOWN} more not taken", err=True)
