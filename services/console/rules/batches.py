"""Names of the runs of a batch: the same file submitted again is the same runs."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

DIGEST_DIGITS = 24


def run_ids(batch: str, lines: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The id of each line: its own `run_id`, or one made of the batch's name and its content.

    Lines that are equal are different runs, told apart by their number among the equal ones. So
    where a line stands, and what else is in the file, changes nothing.
    """
    seen: Counter[str] = Counter()
    for line in lines:
        given = line.get("run_id")
        if isinstance(given, str):
            yield given
            continue
        content = json.dumps(line, sort_keys=True, default=str)
        seen[content] += 1
        text = f"{batch}\n{seen[content]}\n{content}"
        yield f"b-{hashlib.sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]}"
