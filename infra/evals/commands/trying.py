"""`interlock eval run` and `counterfactual`: what costs money."""

from pathlib import Path
from typing import Annotated

import typer

from services.console.cli.output import AsJson, Output, ends_well, wants_json
from services.console.cli.run_lists import Moment, moment_of

Budget = Annotated[float | None, typer.Option(min=0, help="Stops before it would cost more")]
AtOnce = Annotated[int, typer.Option(min=1, max=64, help="Trials open at once")]
ItsName = Annotated[str | None, typer.Option(help="Yours; else by what is tried")]
Out = Annotated[Path | None, typer.Option(help="The folder of its results")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew, under another name")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about the cost")]


@ends_well
def run(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    suite: Annotated[Path, typer.Argument(help="suites/<name>.yaml, or a .jsonl file of cases")],
    agent: Annotated[list[str] | None, typer.Option(help="An arm each; else the suite's")] = None,
    model: Annotated[list[str] | None, typer.Option(help="An alias to try; an arm each")] = None,
    prompt: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="Instructions to try; an arm each"),
    ] = None,
    definition: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="An agent's YAML to try whole; an arm each"),
    ] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only cases with this tag")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="So many of them, drawn")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample, and of what models draw")] = 0,
    repeat: Annotated[int | None, typer.Option(min=1, max=100, help="Each case so often")] = None,
    tools: Annotated[str, typer.Option(help="stubbed; real only where they are a sandbox")] = (
        "stubbed"
    ),
    budget_usd: Budget = None,
    at_once: AtOnce = 8,
    name: ItsName = None,
    out: Out = None,
    fresh: Fresh = False,
    tenant: Annotated[str | None, typer.Option(help="Whose runs they are")] = None,
    yes: Yes = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Try every case of a suite on the running platform. The same command goes on with it."""
    from infra.evals.carrying import Way  # noqa: PLC0415 - brings scipy
    from infra.evals.running import Order, run_suite  # noqa: PLC0415 - brings scipy

    order = Order(
        suite=suite,
        agents=tuple(agent or ()),
        models=tuple(model or ()),
        prompts=tuple(prompt or ()),
        definitions=tuple(definition or ()),
        cases=tuple(case or ()),
        tags=tuple(tag or ()),
        sample=sample,
        seed=seed,
        repeats=repeat,
        tools=tools,
        way=Way(
            budget_usd=budget_usd,
            at_once=at_once,
            name=name,
            out=out,
            fresh=fresh,
            tenant=tenant,
            yes=yes,
            quiet=wants_json(output, as_json=as_json),
        ),
    )
    raise typer.Exit(run_suite(order))


@ends_well
def counterfactual(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    agent: Annotated[str, typer.Argument(help="Whose recorded runs")],
    model: Annotated[list[str] | None, typer.Option(help="An alias to try; an arm each")] = None,
    prompt: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="Instructions to try; an arm each"),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A tool policy; asks no model at all"),
    ] = None,
    suite: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Whose shared scorers hold both sides"),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, max=5000, help="So many of them, drawn")] = 100,
    seed: Annotated[int, typer.Option(help="Of the draw, and of what models draw")] = 0,
    since: Moment = None,
    until: Moment = None,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Each run so often")] = 1,
    budget_usd: Budget = None,
    at_once: AtOnce = 8,
    name: ItsName = None,
    out: Out = None,
    fresh: Fresh = False,
    tenant: Annotated[str | None, typer.Option(help="Whose runs")] = None,
    yes: Yes = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Fork recorded runs with something changed, touching nothing, and compare pair by pair."""
    from infra.evals.carrying import Way  # noqa: PLC0415 - brings scipy
    from infra.evals.imagining import Question, imagine  # noqa: PLC0415 - brings scipy

    question = Question(
        agent=agent,
        models=tuple(model or ()),
        prompts=tuple(prompt or ()),
        policy=policy,
        suite=suite,
        runs=runs,
        seed=seed,
        since=moment_of("--since", since),
        until=moment_of("--until", until),
        repeats=repeat,
        way=Way(
            budget_usd=budget_usd,
            at_once=at_once,
            name=name,
            out=out,
            fresh=fresh,
            tenant=tenant,
            yes=yes,
            quiet=wants_json(output, as_json=as_json),
        ),
    )
    raise typer.Exit(imagine(question))
