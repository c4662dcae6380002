"""What people type: `interlock eval ...`. What compares runs brings scipy: it is imported late."""

import typer

from infra.evals.commands import cases, frontier, judging, looking, trying

__all__ = ["app"]

app = typer.Typer(help="Suites: run, compare, gate, report", no_args_is_help=True)
for command in (trying.run, trying.counterfactual, cases.capture):
    app.command()(command)
app.command("import")(cases.import_)
app.command("list")(looking.list_)
app.command("show")(looking.show_)
app.command("compare")(looking.compare_)
app.command()(looking.gate)
app.command("report")(looking.report_)
app.command("frontier")(frontier.frontier_)
app.command()(judging.label)
app.command("calibrate")(judging.calibrate_)
app.command()(judging.judges)
