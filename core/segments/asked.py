"""A rule's parts with the setting in which each is asked: a part inside `At` is asked as of that moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from core.segments.compile import _as_of
from core.segments.conditions import Setting
from core.segments.parts import joined_path
from core.segments.rule import All, Any, At, Not, Rule, children


def asked(rule: Rule, setting: Setting, path: str = "") -> Iterator[tuple[str, Rule, Setting]]:
    """The rule and every rule inside it with path and setting, in the order of `walk`. Raises BadRule."""
    yield path, rule, setting
    inside = _as_of(rule.as_of, setting, path) if isinstance(rule, At) else setting
    for step, inner in children(rule):
        yield from asked(inner, inside, joined_path(path, step))


def moment_of(setting: Setting, now: datetime | None) -> datetime | None:
    """The moment that a part is asked at where it is not `now`, the rule's own."""
    return setting.as_of if setting.as_of != now else None


def combined(rule: Rule, path: str, leaves: Mapping[str, str], without: str | None = None) -> str:
    """The rule as SQL over the flags of its leaves; with `without`, as if the part at that path were not there."""
    if path in leaves:
        return leaves[path]
    found = ((joined_path(path, step), r) for step, r in children(rule))
    inner = [combined(r, here, leaves, without) for here, r in found if here != without]
    if isinstance(rule, Not):
        return f"NOT {inner[0]}"
    if isinstance(rule, At):
        return inner[0]
    return f"({(' AND ' if isinstance(rule, All) else ' OR ').join(inner)})"


def removable(rule: Rule, path: str = "") -> Iterator[str]:
    """Paths of the parts that a group could do without: those that have a sibling."""
    inside = children(rule)
    for step, inner in inside:
        here = joined_path(path, step)
        if isinstance(rule, All | Any) and len(inside) > 1:
            yield here
        yield from removable(inner, here)


def with_leaves(rule: Rule, swap: Callable[[Rule], Rule]) -> Rule:
    """The rule with every leaf as `swap` gives it back."""
    match rule:
        case All(rules):
            return All(tuple(with_leaves(r, swap) for r in rules))
        case Any(rules):
            return Any(tuple(with_leaves(r, swap) for r in rules))
        case Not(inner):
            return Not(with_leaves(inner, swap))
        case At(as_of, inner):
            return At(as_of, with_leaves(inner, swap))
        case _:
            return swap(rule)
