"""The juries that scorers ask, as the configuration folder of the platform has them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from contracts.scoring import Judged
from infra.dev.assembly import REPOSITORY
from infra.dev.configuration import chosen_folder
from infra.evals.forecast import Ceilings, Known, known_agents
from services.console.cli.client import Client
from services.console.cli.errors import USAGE, CommandFailed
from services.evaluator.judges.config import FILE, Jury, load_juries
from shared.catalogue import load_models
from shared.config import load_agents
from shared.errors import ConfigError


def config_folder() -> Path:
    """Where judges, their cards, and the labels of people lie."""
    return chosen_folder(REPOSITORY / "infra" / "config")


def juries() -> dict[str, Jury]:
    """Every jury by its name.

    Raises:
        CommandFailed: the configuration has a mistake.
    """
    folder = config_folder()
    try:
        return load_juries(folder, load_agents(folder), load_models(folder).aliases)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it, and start the platform again", USAGE) from None


def ceilings_of(client: Client, agents: Mapping[str, Known], asked: Iterable[Judged]) -> Ceilings:
    """What trials of these agents may spend that are judged by these scorers.

    Raises:
        CommandFailed: a scorer asks a jury that is not there.
    """
    names = list(dict.fromkeys(one.by for one in asked))
    known = juries() if names else {}
    found = {name: named_jury(name, known) for name in names}
    judges = {judge.name for jury in found.values() for judge in jury.judges}
    return Ceilings({**known_agents(client, sorted(judges)), **agents}, found)


def named_jury(name: str, known: dict[str, Jury]) -> Jury:
    """The jury of this name.

    Raises:
        CommandFailed: there is none.
    """
    if name not in known:
        told = f"known are {', '.join(known)}" if known else "there is none"
        what = f"no jury is named {name}; {told}"
        raise CommandFailed(what, f"name one of {config_folder() / FILE}", USAGE)
    return known[name]
