"""The forms in which a report is written to a file."""

import json
from collections.abc import Callable

from infra.evals.transcripts import transcripts
from services.console.cli.errors import USAGE, CommandFailed
from services.evaluator.reporting.html import html
from services.evaluator.reporting.junit import junit
from services.evaluator.reporting.markdown import markdown
from services.evaluator.results import Report

FORMS: dict[str, Callable[[Report], str]] = {
    "markdown": markdown,
    "junit": junit,
    "html": lambda report: html(report, *transcripts(report)),
    "json": lambda report: json.dumps(report.model_dump(mode="json"), indent=2) + "\n",
}


def written(report: Report, form: str) -> str:
    """The report in a form.

    Raises:
        CommandFailed: there is no such form.
    """
    if form not in FORMS:
        raise CommandFailed(f"--format {form}", f"choose one of {', '.join(FORMS)}", USAGE)
    return FORMS[form](report)
