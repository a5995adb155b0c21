"""A rule being put together: a tree of groups and conditions, which may be unfinished. Not concerned with drawing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from core.segments import (
    All,
    Between,
    Compare,
    Did,
    Earlier,
    Filter,
    InSegment,
    Last,
    Not,
    Order,
    Prop,
    Rfm,
    Rule,
    Sample,
    Test,
    Top,
    Window,
)
from core.segments import Any as AnyOf

GroupKind = Literal["all", "any", "none"]
Kind = Literal["did", "prop", "order", "top", "rfm", "segment", "sample"]
_uids = itertools.count(1)


@dataclass
class Choices:
    """Something with fields that a person fills in; `uid` names it on the page."""

    values: dict[str, Any] = field(default_factory=dict)
    uid: int = field(default_factory=lambda: next(_uids))


@dataclass
class FilterDraft(Choices):
    """One filter on events: `of`, `column` and the fields of a test."""


@dataclass
class Condition(Choices):
    """One condition; `negated` asks for the users for whom it does not hold."""

    kind: Kind = "did"
    negated: bool = False
    filters: dict[str, list[FilterDraft]] = field(default_factory=dict)


@dataclass
class Group:
    """Conditions and groups of which all, any or none must hold."""

    kind: GroupKind = "all"
    children: list[Group | Condition] = field(default_factory=list)
    uid: int = field(default_factory=lambda: next(_uids))


def draft_of(rule: Rule) -> Group:
    """A draft that reads as a rule with the same members."""
    found = _draft(rule)
    return found if isinstance(found, Group) else Group("all", [found])


def remove(group: Group, uid: int) -> None:
    """Take a group or condition out of the tree."""
    group.children = [child for child in group.children if child.uid != uid]
    for child in group.children:
        if isinstance(child, Group):
            remove(child, uid)


def starting(kind: Kind) -> Condition:
    """A new condition, with what is asked most often filled in."""
    values: dict[Kind, dict[str, Any]] = {
        "did": {"event": "purchase", "measure": "orders", "op": "at_least", "value": 1, "window": "ever", "n": 30},
        "order": {"first": "cart", "then": "purchase", "window": "ever", "n": 30, "within": 7, "within_unit": "days"},
        "top": {"event": "purchase", "measure": "value", "percent": 10.0, "window": "ever", "n": 30},
        "sample": {"percent": 10.0, "salt": ""},
    }
    return Condition(dict(values.get(kind, {})), kind=kind)


def _draft(rule: Rule) -> Group | Condition:
    match rule:
        case All(rules):
            return Group("all", [_draft(r) for r in rules])
        case AnyOf(rules):
            return Group("any", [_draft(r) for r in rules])
        case Not(AnyOf(rules)):
            return Group("none", [_draft(r) for r in rules])
        case Not(All() | Not() as inner):
            return Group("none", [_draft(inner)])
        case Not(inner):
            found = _draft(inner)
            assert isinstance(found, Condition)
            found.negated = True
            if isinstance(inner, Did):
                found.values["plain"] = inner == Did(
                    inner.event, None, Compare("at_least", 1), inner.window, inner.where
                )
            return found
        case _:
            return _condition(rule)  # type: ignore[arg-type]  # TODO: the kinds that are new


def _condition(rule: Prop | Did | Order | Top | Sample | InSegment | Rfm) -> Condition:
    match rule:
        case Prop(column, test):
            return Condition({"column": column, **_of_test(test)}, kind="prop")
        case Did(event, measure, compare, window, where):
            numbers = {"op": compare.op, "value": compare.value, "upper": compare.upper}
            return _with(Condition({"event": event, "measure": measure, **numbers, **_of_window(window)}), where=where)
        case Order(first, then, within, window, same):
            values = {"first": first.event, "then": then.event, "same_item": same, "limited": within is not None}
            gap = {"within": within.n, "within_unit": within.unit} if within else {"within": 7, "within_unit": "days"}
            made = Condition({**values, **gap, **_of_window(window)}, kind="order")
            return _with(made, first=first.where, then=then.where)
        case Top(measure, share, event, window, where):
            values = {"measure": measure, "percent": _percent(share), "event": event, **_of_window(window)}
            return _with(Condition(values, kind="top"), where=where)
        case Sample(share, salt):
            return Condition({"percent": _percent(share), "salt": salt}, kind="sample")
        case InSegment(name):
            return Condition({"name": name}, kind="segment")
        case Rfm(groups, grid):
            return Condition({"groups": list(groups), "grid": grid}, kind="rfm")


def _with(condition: Condition, **filters: tuple[Filter, ...]) -> Condition:
    for place, parts in filters.items():
        condition.filters[place] = [FilterDraft({"of": p.of, "column": p.column, **_of_test(p.test)}) for p in parts]
    return condition


def _of_test(test: Test) -> dict[str, Any]:
    if test.op == "missing":
        return {"op": "missing" if test.values[0] else "known"}
    if test.op == "between":
        return {"op": test.op, "value": test.values[0], "upper": test.values[1]}
    if test.op == "during":
        start, until = test.values
        assert isinstance(until, date)
        return {"op": test.op, "start": start, "end": until - timedelta(days=1)}
    many = test.op in ("is", "is_not", "any_of", "all_of", "none_of")
    return {"op": test.op, "values": list(test.values) if many else test.values[0]}


def _of_window(window: Window) -> dict[str, Any]:
    match window:
        case Last(n, unit):
            return {"window": "last", "n": n, "unit": unit}
        case Earlier(n, unit):
            return {"window": "earlier", "n": n, "unit": unit}
        case Between(start, until):
            return {"window": "between", "start": start, "end": until - timedelta(days=1) if until else None, "n": 30}
        case _:
            return {"window": "ever", "n": 30}


def _percent(share: float) -> float:
    return float(f"{share * 100:.12g}")
