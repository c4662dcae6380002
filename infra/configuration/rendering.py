"""A configuration folder for one environment: the base, and an overlay laid over it.

`overlays/<name>/` has the paths of the base. YAML is merged, mapping by mapping; any other value of
an overlay takes the place of the base's, and `null` takes a key away. Other files are replaced, and
what only the overlay has is added. The result is an ordinary folder, and is read before it counts.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from infra.dev.configuration import check_configuration
from shared.errors import ConfigError
from shared.versions import VERSIONS, content_of, versions_of, written

OVERLAYS = "overlays"
YAML = frozenset({".yaml", ".yml"})
FILES_LIMIT = 10_000


class RenderFailed(Exception):
    """The folder cannot be made; the message says of which file, and what to do."""


def render(base: Path, overlay: str | None, out: Path) -> None:
    """Make `out` the folder of an environment; all of it, or nothing.

    Raises:
        RenderFailed: there is no such overlay, a file has a mistake, or `out` is something else.
    """
    _check_place(base, out)
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _render(base, _overlay(base, overlay), fresh)
        check_configuration(fresh)
        (fresh / VERSIONS).write_text(written(versions_of(fresh), overlay), encoding="utf-8")
        _put(fresh, out)
    except ConfigError as error:
        raise RenderFailed(str(error).replace(str(fresh), str(out))) from None
    except OSError as error:
        raise RenderFailed(f"{error.filename or out}: {error.strerror}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put(fresh: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def merged(base: Any, over: Any) -> Any:
    """One YAML value over another."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    found = dict(base)
    for key, value in over.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(base.get(key), value)
    return found


def _render(base: Path, over: Path | None, out: Path) -> None:
    below = dict(_files(base, leaving_out=OVERLAYS))
    above = {} if over is None else dict(_files(over))
    for path in sorted({*below, *above}):
        place = out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path in below and path in above and path.suffix in YAML:
            together = merged(content_of(below[path]), content_of(above[path]))
            text = yaml.safe_dump(together, sort_keys=False, allow_unicode=True)
            place.write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(above.get(path) or below[path], place)


def _files(folder: Path, leaving_out: str | None = None) -> Iterator[tuple[Path, Path]]:
    """Each file below a folder, by its path from there."""
    number = 0
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if not file.is_file() or path.parts[0] == leaving_out or path.name == VERSIONS:
            continue
        number += 1
        if number > FILES_LIMIT:
            raise RenderFailed(f"{folder} has more than {FILES_LIMIT} files; is it the right one?")
        yield path, file


def _overlay(base: Path, name: str | None) -> Path | None:
    if name is None:
        return None
    known = sorted(one.name for one in (base / OVERLAYS).glob("*") if one.is_dir())
    if name not in known:
        told = f"known are {', '.join(known)}" if known else "there is none"
        raise RenderFailed(f"{base / OVERLAYS} has no {name}; {told}")
    return base / OVERLAYS / name


def _check_place(base: Path, out: Path) -> None:
    """What was not rendered is not written over."""
    if not base.is_dir():
        raise RenderFailed(f"{base} is not a folder; name the one that has agents/ in it")
    if out.resolve().is_relative_to(base.resolve()):
        raise RenderFailed(f"{out} lies in {base}, which would hold itself; name another")
    if out.exists() and not (out / VERSIONS).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RenderFailed(f"{out} was not rendered by this command; remove it, or name another")
