"""`interlock tools pin`: write down what the tools of a folder are, or hold them to it."""

from pathlib import Path
from typing import Annotated

import typer

from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, wants_json

CONFIG = Path("infra/config")


@ends_well
def pin(
    config: Annotated[
        Path,
        typer.Option("--config", envvar="INTERLOCK_CONFIG_DIR", help="The configuration folder"),
    ] = CONFIG,
    check_only: Annotated[
        bool, typer.Option("--check", help="Fail where a tool is not what was pinned")
    ] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Pin every tool of a folder as it is now: what differs from it later is in quarantine."""
    from contracts.pins import drift  # noqa: PLC0415 - heavy imports stay in commands
    from infra.dev.platform import ManifestsFailed  # noqa: PLC0415 - as above
    from infra.policies.radii import declared  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above
    from shared.pins import FILE, load_pins, save_pins  # noqa: PLC0415 - as above

    try:
        manifests = declared(config)
        pins = load_pins(config) if check_only else None
    except (ConfigError, ManifestsFailed) as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    if check_only:
        changed = [told for one in manifests.values() if (told := drift(one, pins))]
        if pins is None:
            changed = [f"{config} pins no tools"]
        if changed:
            raise CommandFailed("; ".join(changed), "if it is meant: interlock tools pin", FAILED)
        number = len(manifests)
    else:
        number = save_pins(config, manifests.values())
    found = {"file": str(config / FILE), "tools": number}
    show(
        found,
        f"{number} tools are as {found['file']} says",
        as_json=wants_json(output, as_json=as_json),
    )
