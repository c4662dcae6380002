"""`python -m infra.generate` writes what follows from contracts and boards; `--check` compares."""

import argparse
import sys
from pathlib import Path

from infra.generate.artefacts import ROOT, artefacts, orphans


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args().check
    wanted = artefacts()
    stale = [path for path, text in wanted.items() if _read(path) != text]
    if check:
        return _report([*stale, *orphans()])
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
        print(f"wrote   {path.relative_to(ROOT)}")
    for path in orphans():
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


def _report(stale: list[Path]) -> int:
    for path in stale:
        print(f"stale: {path.relative_to(ROOT)}", file=sys.stderr)
    if stale:
        print("run `python -m infra.generate` and commit what it writes", file=sys.stderr)
    return 1 if stale else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
