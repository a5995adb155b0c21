"""Why a user belongs, in one line: the figures of those conditions alone by which the rule holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.segments.parts import joined_path
from core.segments.reasons import MOST_LEAVES, Reason
from core.segments.rule import All, Any, Not, Rule, children, walk
from core.segments.words import describe

MOST_TOLD = MOST_LEAVES
"""Conditions of a rule up to which reasons tell of all of them."""

_SHOWN = 3


def count_conditions(rule: Rule) -> int:
    """How many conditions a rule has: groups, nots and moments are none."""
    return sum(1 for _, part in walk(rule) if not children(part) and not isinstance(part, All))


def short_reasons(rule: Rule, why: Sequence[Reason]) -> str:
    """A user's reasons in one line: what shows the conditions that decide, at most three; "" where none are known.

    Of an `all` that holds every part decides, of an `any` those that hold; of groups that do not hold, the reverse.

    >>> from core.segments.rule import Did
    >>> viewed, bought = Reason("any[0]", "a view", False, "0 views"), Reason("any[1]", "an order", True, "2 orders")
    >>> short_reasons(Any((Did("view"), Did("purchase"))), [viewed, bought])
    '2 orders'
    """
    by = {reason.path: reason for reason in why}
    told = _deciding(rule, "", by)[1]
    said = list(dict.fromkeys(_said(by[path], leaf) for path, leaf in told if path in by))
    more = f"; and {len(said) - _SHOWN:,} more" if len(said) > _SHOWN else ""
    return "; ".join(said[:_SHOWN]) + more


def _said(reason: Reason, leaf: Rule) -> str:
    """What shows that it holds; or that it does not, with the evidence where that is more than nothing."""
    if reason.holds:
        return reason.evidence
    figure = reason.evidence.partition(": ")[2] or reason.evidence  # without the moment that it is asked as of
    return describe(Not(leaf)) + ("" if figure.startswith(("0 ", "no ", "not ")) else f" ({reason.evidence})")


def _deciding(rule: Rule, path: str, by: Mapping[str, Reason]) -> tuple[bool, list[tuple[str, Rule]]]:
    """Whether the rule holds, and the conditions that make it so, each with its path."""
    inner = [_deciding(part, joined_path(path, step), by) for step, part in children(rule)]
    if not inner:
        return (by[path].holds if path in by else True), [(path, rule)]
    if isinstance(rule, Not):
        return not inner[0][0], inner[0][1]
    if not isinstance(rule, All | Any):  # At: as of another moment
        return inner[0]
    held = [holds for holds, _ in inner]
    holds = all(held) if isinstance(rule, All) else any(held)
    return holds, [leaf for one, leaves in inner if one is holds for leaf in leaves]
