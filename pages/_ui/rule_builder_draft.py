"""A rule opened as a draft: a tree of groups and conditions that reads as a rule with the same members."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, assert_never

from core.segments import (
    Abc,
    Ago,
    All,
    At,
    Beside,
    Between,
    Compare,
    Did,
    Earlier,
    Filter,
    InGroup,
    InSegment,
    Last,
    Loyalty,
    Moment,
    Not,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    Rule,
    Sample,
    Span,
    Sql,
    Stopped,
    Test,
    Top,
    Window,
)
from core.segments import Any as AnyOf
from pages._ui.rule_builder_parts import Choices, Condition, FilterDraft, Group

MANY = ("is", "is_not", "any_of", "all_of", "none_of", "in_month")
"""Tests that are held against a list of values."""
CUTS = ("recency", "frequency", "money")
THRESHOLDS = ("new_within", "loyal_orders", "slipping_after", "lost_after")

_Leaf = (
    Prop | Did | Order | Moment | Regularly | Stopped | Resumed | Top | Sample | InSegment | InGroup | Rfm | Abc
    | Loyalty | Sql
)  # fmt: skip
_Behaviour = Did | Order | Moment | Regularly | Stopped | Resumed


def draft_of(rule: Rule) -> Group:
    """A draft that reads as a rule with the same members."""
    found = _draft(rule)
    return found if isinstance(found, Group) else Group("all", [found])


def _draft(rule: Rule) -> Group | Condition:
    match rule:
        case All(rules):
            return Group("all", [_draft(r) for r in rules])
        case AnyOf(rules):
            return Group("any", [_draft(r) for r in rules])
        case At(as_of, inner):
            return _earlier(as_of, inner)
        case Not(AnyOf(rules)):
            return Group("none", [_draft(r) for r in rules])
        case Not(All() | Not() | At() as inner):
            return Group("none", [_draft(inner)])
        case Not(inner):
            assert not isinstance(inner, All | AnyOf | Not | At)  # answered above
            found = _condition(inner)
            found.negated = True
            if isinstance(inner, Did):
                found.values["plain"] = inner == Did(
                    inner.event, None, Compare("at_least", 1), inner.window, inner.where
                )
            return found
        case _:
            return _condition(rule)


def _earlier(as_of: datetime | Ago, inner: Rule) -> Group:
    found = _draft(inner)
    group = found if isinstance(found, Group) and found.as_of is None else Group("all", [found])
    values: dict[str, Any] = {"back": "day", "moment": as_of, "n": 90, "unit": "days"}
    if isinstance(as_of, Ago):
        values = {"back": "ago", "n": as_of.n, "unit": as_of.unit}
    group.as_of = Choices(values)
    return group


def _condition(rule: _Leaf) -> Condition:  # noqa: PLR0911  # one answer a kind of rule
    match rule:
        case Did() | Order() | Moment() | Regularly() | Stopped() | Resumed():
            return _behaviour(rule)
        case Prop(column, test):
            return Condition({"column": column, **_of_test(test)}, kind="prop")
        case Top(measure, share, event, window, where):
            values = {"measure": measure, "percent": percent(share), "event": event, **_of_window(window)}
            return _with(Condition(values, kind="top"), where=where, beside=_beside(window))
        case Sample(share, salt):
            return Condition({"percent": percent(share), "salt": salt}, kind="sample")
        case InSegment(name):
            return Condition({"name": name}, kind="segment")
        case InGroup(name, parts, closest):
            values = {"name": name, "parts": list(parts), "limited": closest is not None, "closest": closest}
            return Condition(values, kind="group")
        case Rfm(groups, grid, settings):
            values = {"groups": list(groups), "grid": grid, "scores": settings.scores, "monetary": settings.monetary}
            return Condition({**values, **{name: _listed(getattr(settings, name)) for name in CUTS}}, kind="rfm")
        case Abc(classes, measure, cuts, event, window, where):
            values = {"classes": list(classes), "measure": measure, "event": event, **_of_window(window)}
            made = Condition({**values, "upto_a": percent(cuts[0]), "upto_b": percent(cuts[1])}, kind="abc")
            return _with(made, where=where, beside=_beside(window))
        case Loyalty(stages, settings):
            own = {name: getattr(settings, name) for name in THRESHOLDS}
            return Condition({"stages": list(stages), **own}, kind="loyalty")
        case Sql(sql):
            return Condition({"sql": sql}, kind="sql")
        case _:
            assert_never(rule)


def _behaviour(rule: _Behaviour) -> Condition:
    match rule:
        case Did(event, measure, compare, window, where):
            numbers = {"op": compare.op, "value": compare.value, "upper": compare.upper}
            made = Condition({"event": event, "measure": measure, **numbers, **_of_window(window)})
            return _with(made, where=where, beside=_beside(window))
        case Order(first, then, within, window, same, absent):
            values = {"first": first.event, "then": then.event, "same_item": same, "limited": within is not None}
            gap = _of_span("within", within or Span(7))
            made = Condition({**values, "absent": absent, **gap, **_of_window(window)}, kind="order")
            return _with(made, first=first.where, then=then.where, beside=_beside(window))
        case Moment(which, event, window, where):
            made = Condition({"which": which, "event": event, **_of_window(window)}, kind="moment")
            return _with(made, where=where, beside=_beside(window))
        case Regularly(event, of_them, n, unit, where):
            values = {"event": event, "of_them": of_them, "n": n, "unit": unit}
            return _with(Condition(values, kind="regularly"), where=where)
        case Stopped(event, quiet, before, least, where):
            values = {"event": event, "least": least, "limited": before is not None}
            gaps = {**_of_span("quiet", quiet), **_of_span("before", before or Span(90))}
            return _with(Condition({**values, **gaps}, kind="stopped"), where=where)
        case Resumed(event, pause, within, where):
            gaps = {**_of_span("pause", pause), **_of_span("within", within)}
            return _with(Condition({"event": event, **gaps}, kind="resumed"), where=where)
        case _:
            assert_never(rule)


def _with(condition: Condition, **filters: Iterable[Filter]) -> Condition:
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
    return {"op": test.op, "values": list(test.values) if test.op in MANY else test.values[0]}


def _of_window(window: Window) -> dict[str, Any]:
    match window:
        case Last(n, unit):
            return {"window": "last", "n": n, "unit": unit}
        case Earlier(n, unit):
            return {"window": "earlier", "n": n, "unit": unit}
        case Between(start, until):
            return {"window": "between", "start": start, "end": until - timedelta(days=1) if until else None, "n": 30}
        case Beside(side, step, which, within):
            values = {"window": side, "beside_which": which, "beside_event": step.event, "n": 30}
            return {**values, "beside_limited": within is not None, **_of_span("beside", within or Span(30))}
        case _:
            return {"window": "ever", "n": 30}


def _beside(window: Window) -> tuple[Filter, ...]:
    return window.step.where if isinstance(window, Beside) else ()


def _of_span(name: str, span: Span) -> dict[str, Any]:
    return {name: span.n, f"{name}_unit": span.unit}


def percent(share: float) -> float:
    """A share in per cent, as short as it was written: 0.07 is 7, not 7.000000000000001."""
    return float(Decimal(repr(share)) * 100)


def _listed(cuts: Iterable[float]) -> str:
    return ", ".join(repr(int(cut)) if float(cut).is_integer() else repr(cut) for cut in cuts)
