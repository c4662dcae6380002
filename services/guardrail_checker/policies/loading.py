"""The policy of a configuration folder: `policies/tools.yaml`, and `policies/*.cedar` beside it."""

from pathlib import Path

from services.guardrail_checker.rules import PolicyError, ToolPolicy, policies_of
from shared.config import load_yaml
from shared.errors import ConfigError

FILE_LIMIT_BYTES = 1024 * 1024


def load_policy(config_dir: Path) -> ToolPolicy:
    """Read it as the gate does.

    Raises:
        ConfigError: a file is missing or has a mistake; the message names it, and the place.
    """
    return read_policy(config_dir / "policies" / "tools.yaml")


def read_policy(file: Path) -> ToolPolicy:
    """A policy file, with the Cedar files beside it.

    Raises:
        ConfigError: as above.
    """
    policy = load_yaml(file, ToolPolicy)
    texts = []
    for path in sorted(file.parent.glob("*.cedar")):
        texts.append(_read(path))
        _check(path, texts[-1], with_default=policy.default_policies)
    own = "\n".join((policy.cedar, *texts)).strip()
    _check(file, own, with_default=policy.default_policies)
    return policy.model_copy(update={"cedar": own})


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise ConfigError(f"{path} is larger than {FILE_LIMIT_BYTES} bytes; split it")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def _check(place: Path, text: str, *, with_default: bool) -> None:
    try:
        policies_of(text, with_default=with_default)
    except PolicyError as error:
        raise ConfigError(f"{place}: {error}") from None
