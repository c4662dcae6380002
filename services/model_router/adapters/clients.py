"""The providers of `models.yaml`, opened once, with addresses and keys from the environment."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from contracts.model import Route
from shared.catalogue import BUILT_IN_PROVIDERS, Alias, Models
from shared.catalogue import Provider as Reached
from shared.errors import ConfigError

from .anthropic_messages import AnthropicMessages
from .fake import FakeProvider
from .openai_chat import OpenAIChat
from .openai_responses import OpenAIResponses
from .provider import Provider

log = structlog.get_logger()

Api = tuple[str, str]  # provider, api
Address = tuple[str, str]  # base URL, key
Providers = dict[Api, Provider]
DEFAULT_BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
}
# A server of one's own asks for no key; the SDKs insist on one.
NO_KEY = "none"


@asynccontextmanager
async def open_providers(models: Models, env: Mapping[str, str]) -> AsyncIterator[Providers]:
    """A client for each provider and API that a route names and the environment reaches.

    Raises:
        ConfigError: no route of any alias can be reached; the message names what to set.
    """
    routes = [route for alias in models.aliases.values() for route in alias.routes]
    providers: Providers = {}
    async with AsyncExitStack() as stack:
        for provider, api in sorted({_api(route) for route in routes}):
            address = address_of(provider, models.providers.get(provider), env)
            if address is not None:
                providers[provider, api] = await _open(api, *address, stack)
        if not providers:
            raise ConfigError(f"no model can be reached: {_remedy(routes, models)}")
        for name, alias in models.aliases.items():
            if not reachable(alias, providers):
                remedy = _remedy(list(alias.routes), models)
                log.warning("model_router.alias_unreachable", alias=name, remedy=remedy)
        yield providers


def reachable(alias: Alias, providers: Mapping[Api, Provider]) -> tuple[Route, ...]:
    """The routes of an alias that can be called from here, in their order."""
    return tuple(route for route in alias.routes if _api(route) in providers)


def address_of(name: str, reached: Reached | None, env: Mapping[str, str]) -> Address | None:
    """Base URL and key of a provider; None where the environment does not say enough."""
    if reached is None:
        return ("", "") if name in BUILT_IN_PROVIDERS else None
    base_url, key = env.get(reached.base_url_env), env.get(reached.api_key_env)
    if base_url:
        return base_url, key or NO_KEY
    # A key goes to its own provider alone: the SDKs would send it to their default address.
    default = DEFAULT_BASE_URLS.get(name)
    return (default, key) if key and default else None


def _api(route: Route) -> Api:
    return route.provider, route.api


async def _open(api: str, base_url: str, key: str, stack: AsyncExitStack) -> Provider:
    """Without retries of the SDK: each attempt has a hold of its own, or there is none."""
    match api:
        case "openai.chat" | "openai.responses":
            openai = AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0)
            await stack.enter_async_context(openai)
            return OpenAIChat(openai) if api == "openai.chat" else OpenAIResponses(openai)
        case "anthropic.messages":
            anthropic = AsyncAnthropic(base_url=base_url, api_key=key, max_retries=0)
            await stack.enter_async_context(anthropic)
            return AnthropicMessages(anthropic)
        case "fake":
            return FakeProvider()
        case _:
            raise ConfigError(f"models.yaml: there is no adapter for the api {api!r}")


def _remedy(routes: list[Route], models: Models) -> str:
    names = sorted({route.provider for route in routes} & models.providers.keys())
    reached = [models.providers[name] for name in names]
    return "; ".join(f"set {one.api_key_env}, or {one.base_url_env}" for one in reached)
