"""Models behind one Protocol: two SDKs, three APIs, and a fake."""

from .clients import Providers, open_providers, reachable
from .fake import FakeProvider
from .provider import Provider, ProviderAnswer, ProviderCall

__all__ = [
    "FakeProvider",
    "Provider",
    "ProviderAnswer",
    "ProviderCall",
    "Providers",
    "open_providers",
    "reachable",
]
