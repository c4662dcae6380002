"""What the calls of a run wrote: whoever reads it again has it from the model, not from the tenant.

A note that is put beside an order comes back in the tenant's own record of it, a renamed object
comes back under the name that the user said, and two halves come back as one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .records import Scalar
from .words import Words, stands_in


@dataclass(frozen=True)
class Writings:
    """The arguments of calls with an effect, as far as the run had come when something was read."""

    texts: tuple[str, ...] = ()
    """Every value that was given, the user's own too."""
    free: tuple[str, ...] = ()
    """Those of them that the user did not say."""

    def with_these(self, values: Iterable[Scalar], words: Words) -> "Writings":
        given = tuple(values)
        free = (str(one) for one in given if not words.say(one) and not words.count(one))
        return Writings((*self.texts, *map(str, given)), (*self.free, *free))

    def may_have_made(self, value: Scalar, *, is_text: bool) -> bool:
        """Whether a value that is read now may be what was written.

        In a field that may hold any text, it may have been put together from all that was written,
        the user's own words too.
        """
        return bool(self.texts) if is_text else stands_in(value, self.free)

    def may_have_named(self, name: Scalar) -> bool:
        """Whether an object may bear the name only because the run gave it."""
        return stands_in(name, self.texts)
