"""The policy of a configuration folder: `policies/tools.yaml`, and `policies/*.cedar` beside it.

Below `policies/versions/` lie others, each in a folder of its own that is made like `policies/`:
earlier ones, and such as are proposed. None of them is in force; a fork may name one.
"""

from collections.abc import Mapping
from pathlib import Path

from services.guardrail_checker.rules import PolicyError, ToolPolicy, policies_of
from shared.config import load_yaml
from shared.errors import ConfigError

FILE_LIMIT_BYTES = 1024 * 1024
VERSIONS = "versions"
VERSIONS_LIMIT = 100


def load_policy(config_dir: Path) -> ToolPolicy:
    """Read it as the gate does.

    Raises:
        ConfigError: a file is missing or has a mistake; the message names it, and the place.
    """
    return read_policy(config_dir / "policies" / "tools.yaml")


def load_others(config_dir: Path) -> Mapping[str, ToolPolicy]:
    """The policies that are kept beside the one in force, by their versions.

    Raises:
        ConfigError: as above, or there are too many.
    """
    files = sorted(config_dir.glob(f"policies/{VERSIONS}/*/tools.yaml"))
    if len(files) > VERSIONS_LIMIT:
        place = config_dir / "policies" / VERSIONS
        raise ConfigError(f"{place} has more than {VERSIONS_LIMIT} policies; take old ones away")
    policies = (read_policy(file) for file in files)
    return {policy.version: policy for policy in policies}


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
