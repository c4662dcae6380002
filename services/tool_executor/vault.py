"""The arguments that a tool is given: what was vaulted is put in here, and nowhere before."""

from contracts.agent import DEPTH_LIMIT
from contracts.history import Run
from contracts.history.vault import revealed, vault_of
from contracts.tool import ToolManifest, ToolRequested
from services.tool_executor.errors import ArgumentsInvalid
from shared.bus import Bus

GIVEN_LIMIT_CHARACTERS = 262_144


async def arguments_for(request: ToolRequested, manifest: ToolManifest, run: Run, bus: Bus) -> str:
    """The cleared arguments, with what tokens stand for where the tool declares that it needs it.

    A run that was called is handed tokens by those above it, which are read only then.

    Raises:
        ArgumentsInvalid: a token stands for nothing that this run could know.
    """
    asked, names = request.arguments_json, manifest.reveals
    vault, above = vault_of(run), run
    arguments, strange = revealed(asked, names, vault)
    for _ in range(DEPTH_LIMIT):
        task = above.submitted
        if not strange or task is None or task.body.parent is None:
            break
        above = await bus.read(run.tenant, task.body.parent.run_id)
        vault = {**vault_of(above), **vault}
        arguments, strange = revealed(asked, names, vault)
    if len(arguments) > GIVEN_LIMIT_CHARACTERS:
        reason = f"what its tokens stand for makes it longer than {GIVEN_LIMIT_CHARACTERS}"
        raise ArgumentsInvalid(manifest.name, f"{reason} characters")
    if strange:
        reason = f"{', '.join(strange)} stands for nothing that was said in this run"
        raise ArgumentsInvalid(manifest.name, reason)
    return arguments
