"""Conditions such as `amount > 50 and currency == EUR`, over the arguments of a call."""

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from .numbers import finite

_COMPARISON = re.compile(r"^\s*(\w+)\s*(>=|<=|==|!=|>|<)\s*(.+?)\s*$")
_OPERATORS: dict[str, Callable[[object, object], bool]] = {
    ">": lambda left, right: _number(left) > _number(right),
    "<": lambda left, right: _number(left) < _number(right),
    ">=": lambda left, right: _number(left) >= _number(right),
    "<=": lambda left, right: _number(left) <= _number(right),
    "==": operator.eq,
    "!=": operator.ne,
}


class ConditionError(ValueError):
    """A condition that cannot be told. Whoever asked takes it as met: unsure asks a person."""


def holds(condition: str, arguments: Mapping[str, object]) -> bool:
    """Whether every comparison of the condition holds.

    Raises:
        ConditionError: it does not parse, names an absent argument, or compares what is no number.
    """
    return all(_compare(part, arguments) for part in condition.split(" and "))


def _compare(part: str, arguments: Mapping[str, object]) -> bool:
    found = _COMPARISON.match(part)
    if found is None:
        raise ConditionError(f"{part!r} is not of the form: argument > value")
    name, symbol, literal = found.groups()
    if name not in arguments:
        raise ConditionError(f"the call has no argument {name!r}")
    value = arguments[name]
    if symbol in ("==", "!="):
        return _OPERATORS[symbol](_plain(value), _plain(literal.strip("\"'")))
    return _OPERATORS[symbol](value, literal)


def _plain(value: object) -> object:
    """The number that it is, so that 50 and 50.0 are one; else its text."""
    number = finite(value)
    return str(value) if number is None else number


def _number(value: object) -> Decimal:
    number = finite(value)
    if number is None:
        raise ConditionError(f"{value!r} is not a number")
    return number
