"""Ed25519 signatures of facts: one seed a service, one public keyring for all."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from shared.errors import ConfigError

SEED_BYTES = 32


class Ed25519Signer:
    """Signs with one seed of 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)

    @property
    def public_hex(self) -> str:
        return self._key.verify_key.encode().hex()

    def sign(self, message: bytes) -> str:
        return base64.b64encode(self._key.sign(message).signature).decode()


class Keyring:
    """The public keys of every owner. An owner may have several while a key is replaced."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = {
            owner: tuple(VerifyKey(bytes.fromhex(one)) for one in several)
            for owner, several in keys.items()
        }

    def public_hex(self, owners: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The hex keys of these owners, for whoever is to check their signatures elsewhere."""
        return {
            owner: tuple(key.encode().hex() for key in self._keys.get(owner, ()))
            for owner in owners
        }

    def verify(self, owner: str, message: bytes, signature: str) -> bool:
        try:
            raw = base64.b64decode(signature, validate=True)
        except ValueError:
            return False
        return any(_verifies(key, message, raw) for key in self._keys.get(owner, ()))


def _verifies(key: VerifyKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def load_signer(path: Path | None) -> Ed25519Signer | None:
    """The signer of a service; None where it signs nothing.

    Raises:
        ConfigError: the file is absent or does not hold 64 hex digits.
    """
    if path is None:
        return None
    try:
        seed = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise ConfigError(f"signing key {path}: {error}; `interlock dev` makes one") from None
    if len(seed) != SEED_BYTES:
        raise ConfigError(f"signing key {path}: {len(seed)} bytes, a seed has {SEED_BYTES}")
    return Ed25519Signer(seed)


def load_keyring(path: Path | None) -> Keyring:
    """The public keyring.

    Raises:
        ConfigError: the file is absent or is not `{owner: [hex keys]}`.
    """
    if path is None:
        raise ConfigError("INTERLOCK_KEYRING_FILE is not set: no signature could be checked")
    try:
        return Keyring(json.loads(path.read_text()))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(f"keyring {path}: {error}; expected {{owner: [hex keys]}}") from None
