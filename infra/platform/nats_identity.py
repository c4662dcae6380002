"""The keys of one installation, made on first start and never overwritten.

`<name>.nkey` is who a service is to nats-server; `<name>.seed` signs the facts it owns, as 64 hex
digits of an Ed25519 seed; `keyring.json` tells everybody which public keys an owner signs with.
"""

import json
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nkeys
from nacl.encoding import HexEncoder
from nacl.signing import SigningKey
from pydantic import TypeAdapter, ValidationError

from infra.platform.errors import KeyFileCorrupt
from infra.platform.files import create_file, replace_file
from infra.platform.home import Home

SEED_BYTES = 32
PRIVATE = 0o600
CANARY_KEY = "canary.key"

_Keyring = TypeAdapter(dict[str, list[str]])


@dataclass(frozen=True, slots=True)
class NatsUser:
    """A user of nats-server: the public key goes into its configuration, the file to the user."""

    name: str
    public_key: str
    seed_file: Path


@dataclass(frozen=True, slots=True)
class Signer:
    """The owner of facts: `public_key` is 64 hex digits, the file goes to the owner alone."""

    owner: str
    public_key: str
    seed_file: Path


def ensure_nats_users(home: Home, names: Iterable[str]) -> dict[str, NatsUser]:
    """The nkey of each name, made if it has none; KeyFileCorrupt if a file holds no user key."""
    return {name: _ensure_nats_user(home, name) for name in names}


def ensure_signers(home: Home, owners: Iterable[str]) -> dict[str, Signer]:
    """The signing key of each owner, made if it has none, and entered into the keyring."""
    signers = {owner: _ensure_signer(home, owner) for owner in owners}
    _enter_into_keyring(keyring_file(home), signers.values())
    return signers


def ensure_canary_key(home: Home) -> Path:
    """The key that canaries are derived from, made if there is none."""
    path = canary_key_file(home)
    if not path.exists():
        create_file(path, os.urandom(SEED_BYTES).hex() + "\n", mode=PRIVATE)
    return path


def canary_key_file(home: Home) -> Path:
    """Only who plants canaries and who looks for them is told of it."""
    return home.keys / CANARY_KEY


def keyring_file(home: Home) -> Path:
    """`{owner: [public keys as hex]}`; old keys stay, since old facts are signed with them."""
    return home.keys / "keyring.json"


def _ensure_nats_user(home: Home, name: str) -> NatsUser:
    path = home.keys / f"{name}.nkey"
    if not path.exists():
        seed = nkeys.encode_seed(os.urandom(SEED_BYTES), nkeys.PREFIX_BYTE_USER)
        create_file(path, seed.decode() + "\n", mode=PRIVATE)
    return NatsUser(name, nats_public_key(path), path)


def nats_public_key(path: Path) -> str:
    """The public key behind an `.nkey` file; KeyFileCorrupt if it holds no user key."""
    text = _read_private(path)
    try:
        public: str = nkeys.from_seed(bytearray(text, "ascii")).public_key.decode()
    # nkeys lets errors of base32 and of its own slicing through beside its own.
    except (nkeys.NkeysError, ValueError, IndexError) as error:
        raise KeyFileCorrupt(path, f"not an nkey seed ({type(error).__name__})") from error
    if not public.startswith("U"):
        raise KeyFileCorrupt(path, "an nkey, but not of a user (a user's seed starts with SU)")
    return public


def _ensure_signer(home: Home, owner: str) -> Signer:
    path = home.keys / f"{owner}.seed"
    if not path.exists():
        create_file(path, os.urandom(SEED_BYTES).hex() + "\n", mode=PRIVATE)
    return Signer(owner, signing_public_key(path), path)


def signing_public_key(path: Path) -> str:
    """The public key behind a `.seed` file, as hex; KeyFileCorrupt if it holds no seed."""
    text = _read_private(path)
    try:
        key = SigningKey(bytes.fromhex(text))
    except ValueError as error:
        raise KeyFileCorrupt(path, "not 64 hex digits of an Ed25519 seed") from error
    return key.verify_key.encode(HexEncoder).decode()


def _enter_into_keyring(path: Path, signers: Iterable[Signer]) -> None:
    keyring = read_keyring(path)
    before = {owner: list(keys) for owner, keys in keyring.items()}
    for signer in signers:
        keys = keyring.setdefault(signer.owner, [])
        if signer.public_key not in keys:
            keys.append(signer.public_key)
    if keyring != before:
        replace_file(path, json.dumps(keyring, indent=2, sort_keys=True) + "\n", mode=0o644)


def read_keyring(path: Path) -> dict[str, list[str]]:
    """What the keyring names, nothing where there is none; KeyFileCorrupt if it is no keyring."""
    try:
        return _Keyring.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise KeyFileCorrupt(path, "not a JSON object of owner to list of hex keys") from error


def _read_private(path: Path) -> str:
    open_to = stat.S_IMODE(path.stat().st_mode) & 0o077
    if open_to:
        raise KeyFileCorrupt(path, f"others may read it; if nobody did, run: chmod 600 {path}")
    try:
        return path.read_text("ascii").strip()
    except UnicodeDecodeError as error:
        raise KeyFileCorrupt(path, "not text") from error
