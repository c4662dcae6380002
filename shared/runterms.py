"""What a run is found by besides its columns: its terms, and the text that is searched.

The observer stores both and the console asks for them; here they agree on how each is written.
"""

from collections.abc import Iterator

from contracts.shape import sha256_hex
from shared.readmodel import RunRow

# Of each text that is searched: what comes later in a longer one is not found.
SEARCHED_CHARACTERS = 4_096
# An index takes no entry over 2,704 bytes; a longer term is stored as its digest.
TERM_LIMIT_BYTES = 512
ID_MARK = "#"  # no word of a text begins with it


def term(name: str, value: str) -> str:
    """One term, such as `tool:issue_refund`."""
    whole = f"{name}:{value}"
    encoded = whole.encode()
    return whole if len(encoded) <= TERM_LIMIT_BYTES else f"{name}#{sha256_hex(encoded)}"


def metadata_term(key: str, value: str) -> str:
    """The term of one entry of a task's metadata."""
    return term("meta", f"{key}={value}")


def terms_of(row: RunRow) -> frozenset[str]:
    """Every term of a run."""
    return frozenset(_terms(row))


def text_of(row: RunRow) -> str:
    """What is searched of a run: each of its texts from the beginning to the limit."""
    texts = (row.input, row.answer or "", row.why, *sorted(row.reasons))
    return "\n".join(searched(text) for text in texts if text)


def searched(text: str) -> str:
    """As much of a text as is searched."""
    return text[:SEARCHED_CHARACTERS]


def _terms(row: RunRow) -> Iterator[str]:
    named = {
        "version": row.agent_version,
        "user": row.user,
        "feature": row.feature,
        "parent": row.parent,
        "root": row.root or (None if row.parent else row.run_id),
        "rule": row.rule,
        "fork_of": row.fork_of,
        "continues": row.continues,
    }
    yield from (term(name, value) for name, value in named.items() if value is not None)
    yield from (term("kind", kind) for kind in row.kinds)
    yield from (term("tool", tool) for tool in row.tools)
    yield from (term("model", model) for model in row.models)
    yield from (term("provider", model.partition("/")[0]) for model in row.models)
    yield from (metadata_term(key, value) for key, value in row.metadata.items())
    yield from (term("labelled", metric) for metric in row.labelled)
    if row.waits_for_review:
        yield term("review", "waits")
    if row.waits_for_label:
        yield term("split_jury", "waits")
