"""API keys: how they look, and who somebody with one is.

A key is `ilk_<id>_<secret>` with 256 random bits in its secret. So its digest needs no salt and no
slow function: nobody finds a key by guessing, also not whoever reads all digests.
"""

import hmac

from contracts.access import KeyCreated
from contracts.shape import sha256_hex

MARK = "ilk"  # so that scanners for secrets find one in a file
ID_BYTES = 8
SECRET_BYTES = 32


def written_key(key_id: str, secret: str) -> str:
    """The whole key, as it is sent."""
    return f"{MARK}_{key_id}_{secret}"


def key_id_of(given: str) -> str | None:
    """Which key somebody claims to have; None where it is none."""
    mark, _, rest = given.partition("_")
    key_id, _, secret = rest.partition("_")
    return key_id if mark == MARK and key_id and secret else None


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return sha256_hex(key.encode())


def opens(key: KeyCreated, given: str) -> bool:
    """Whether it is this key that somebody sent. Takes as long for whatever they sent."""
    return hmac.compare_digest(digest_of(given), key.sha256)
