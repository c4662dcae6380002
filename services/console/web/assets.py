"""Style sheets and scripts: files of this folder, named with their digests and served for good."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from services.console.errors import NotFound

STATIC = Path(__file__).parent / "static"
MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_GOOD = "public, max-age=31536000, immutable"
ASSETS = "/assets"
DIGITS = 16

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `integrity` is what a browser holds it to."""

    name: str
    content: bytes
    media_type: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def integrity(self) -> str:
        digest = base64.b64encode(hashlib.sha384(self.content).digest()).decode()
        return f"sha384-{digest}"

    @property
    def url(self) -> str:
        return f"{ASSETS}/{self.name}?v={self.sha256[:DIGITS]}"


@cache
def assets() -> Mapping[str, Asset]:
    """Every file, by its name below the folder."""
    found = (path for path in sorted(STATIC.rglob("*")) if path.suffix in MEDIA)
    return {
        (name := path.relative_to(STATIC).as_posix()): Asset(
            name, path.read_bytes(), MEDIA[path.suffix]
        )
        for path in found
    }


@router.get(ASSETS + "/{name:path}")
async def asset(name: str, request: Request) -> Response:
    """One file. Anybody may read it: it says nothing of anybody."""
    found = assets().get(name)
    if found is None:
        raise NotFound(f"there is no {name}", ASSETS, "load the page again")
    is_current = request.query_params.get("v") == found.sha256[:DIGITS]
    caching = FOR_GOOD if is_current else "no-cache"
    return Response(found.content, media_type=found.media_type, headers={"cache-control": caching})
