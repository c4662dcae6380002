"""What `tools.yaml` says of where the value of a variable lies.

A variable of which nothing is said is one of the executor's environment. Of several sources the
first that has a value counts: so a tenant's own goes before that of all.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints, model_validator

from contracts.shape import Seconds, Written
from services.tool_executor.adapters.words import VariableName

SOURCES_LIMIT = 4
VARIABLES_LIMIT = 256
TENANT = "{tenant}"
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"

# Tenants are names of letters, digits, _ and -, so that none leads out of a path.
_SEGMENT = r"(?!\.{1,2}(?:/|$))(?:[\w.@=+-]|\{tenant\})+"
Absolute = Annotated[str, StringConstraints(pattern=r"^/[^\x00]*$", max_length=1024)]
VaultPath = Annotated[str, StringConstraints(max_length=512)]
Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_{}-]+$", max_length=128)]
MountName = Annotated[str, StringConstraints(pattern=r"^[\w-]+(/[\w-]+)*$", max_length=128)]
# In a template: a field, perhaps quoted for an address.
PLACE = re.compile(r"\{(\w+)(:url)?\}")


class Source(Written):
    """One place where a value may lie. `{tenant}` in it is the tenant of the call."""

    env: Place | None = None
    file: Absolute | None = Field(None, description="The whole content, but for its last newline")
    vault: VaultPath | None = Field(None, description="What is read, such as kv/data/erp")
    field: str = Field("value", min_length=1, max_length=128)
    template: str | None = Field(
        None, max_length=2048, description="Of fields: {username}, or {password:url} in addresses"
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if sum(one is not None for one in (self.env, self.file, self.vault)) != 1:
            raise ValueError("say where the value lies: env, file or vault, one of them")
        if self.vault is None and (self.template is not None or self.field != "value"):
            raise ValueError("field and template are for vault")
        if self.vault is not None and not re.fullmatch(rf"{_SEGMENT}(/{_SEGMENT})*", self.vault):
            raise ValueError(
                "vault is a path without /v1/ in front, such as kv/data/{tenant}/erp of a mount "
                "kv with versions, or database/creds/reader"
            )
        if self.template is not None and not PLACE.search(self.template):
            raise ValueError("template names no field; write {username}, say")
        return self

    @property
    def is_of_tenants(self) -> bool:
        """Whether each tenant may have a value of its own."""
        places = (self.env, self.file, self.vault, self.template)
        return any(TENANT in place for place in places if place is not None)

    @property
    def names(self) -> frozenset[str]:
        """What its template names."""
        return frozenset(name for name, _ in PLACE.findall(self.template or ""))


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Sources = Annotated[
    tuple[Source, ...],
    BeforeValidator(_as_list),
    Field(min_length=1, max_length=SOURCES_LIMIT),
]
Credentials = Annotated[dict[VariableName, Sources], Field(max_length=VARIABLES_LIMIT)]


class Kubernetes(Written):
    """Logs in with the service account of the pod."""

    role: str = Field(min_length=1, max_length=256)
    mount: MountName = "kubernetes"
    token_file: Absolute = SERVICE_ACCOUNT


class VaultServer(Written):
    """A server that speaks as HashiCorp Vault and OpenBao do, and how we come in."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@/?#]+$", max_length=512)]
    token_file: Absolute | None = Field(None, description="Read again at each use")
    kubernetes: Kubernetes | None = None
    namespace: Annotated[str, StringConstraints(pattern=r"^[\w./-]+$")] | None = None
    ca_file: Absolute | None = Field(None, description="Who signs its certificate; else as usual")
    timeout_seconds: Annotated[Seconds, Field(le=60)] = Field(
        5, validation_alias=AliasChoices("timeout_seconds", "timeout")
    )
    cache_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        60, description="What has no lease of its own is read again after that"
    )

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if (self.token_file is None) == (self.kubernetes is None):
            raise ValueError("say how to come in: either token_file or kubernetes")
        host = re.sub(r":\d+$", "", self.url.partition("://")[2])
        if self.url.startswith("http://") and host not in ("127.0.0.1", "[::1]", "localhost"):
            raise ValueError("beyond this machine it must be https")
        return self


def unread(
    credentials: Mapping[str, tuple[Source, ...]], vault: VaultServer | None, used: set[str]
) -> str | None:
    """What of it could never be read, as a sentence."""
    strangers = sorted(credentials.keys() - used)
    if strangers:
        return f"credentials: {', '.join(strangers)}: no secrets and no server name it"
    lost = sorted(
        name
        for name, sources in credentials.items()
        if vault is None and any(one.vault is not None for one in sources)
    )
    return f"credentials: {', '.join(lost)}: say `vault: {{url: ...}}` as well" if lost else None
