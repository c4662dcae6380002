"""`make replay-check`: do recorded histories still decide as they did?"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from contracts.export import Exported, Tampered, read, read_header
from shared.signing import Keyring

from .check import Replay, replay

RECORDED = Path("tests/recorded")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.replay", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "files", nargs="*", type=Path, help="exported runs; those of the repository where none"
    )
    options = parser.parse_args()
    files = options.files or sorted(RECORDED.glob("*.jsonl"))
    if not files:
        print(f"replay: there is nothing in {RECORDED}; name exported runs", file=sys.stderr)
        return 2
    try:
        replays = [replay_file(file) for file in files]
    except (OSError, Tampered) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"runs": [asdict(one) for one in replays]}))
    else:
        _show(replays)
    return 1 if any(one.divergences for one in replays) else 0


def replay_file(file: Path) -> Replay:
    """Decide an exported run again.

    Raises:
        OSError: the file cannot be read.
        Tampered: it is not what was exported.
    """
    content = file.read_bytes()
    exported: Exported = read(content, Keyring(read_header(content).keys))
    return replay(exported.own, exported.run().ancestor)


def _show(replays: list[Replay]) -> None:
    for one in replays:
        for divergence in one.divergences:
            print(divergence)
    decisions = sum(one.decisions for one in replays)
    diverging = sum(bool(one.divergences) for one in replays)
    skipped = sum(one.skipped for one in replays)
    print(
        f"{len(replays)} runs, {decisions} decisions made again, {diverging} runs diverge; "
        f"{skipped} facts are not explained by their run alone"
    )


if __name__ == "__main__":
    sys.exit(main())
