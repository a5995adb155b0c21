"""A draft read as a rule, and what is still missing where it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.segments import (
    All,
    BadRule,
    Between,
    Compare,
    Did,
    Earlier,
    EventStep,
    Ever,
    Filter,
    InSegment,
    Last,
    Not,
    Order,
    Prop,
    Rfm,
    Rule,
    Sample,
    Span,
    Test,
    Top,
    Window,
)
from core.segments import Any as AnyOf
from pages._ui.rule_builder_draft import Condition, Group


@dataclass(frozen=True)
class Reading:
    """A draft read as a rule.

    Attributes:
        rule: the rule, or None while any part is unfinished.
        paths: uid of a group or condition -> where it stands in the rule.
        problems: uid -> what is missing or wrong.
    """

    rule: Rule | None
    paths: dict[int, str]
    problems: dict[int, str]


def read(draft: Group) -> Reading:
    """The rule that a draft describes."""
    paths: dict[int, str] = {}
    problems: dict[int, str] = {}
    rule = _group(draft, "", paths, problems, root=True)
    return Reading(None if problems else rule, paths, problems)


def _group(
    group: Group, path: str, paths: dict[int, str], problems: dict[int, str], *, root: bool = False
) -> Rule | None:
    paths[group.uid] = path
    inside = f"{path}.not" if path else "not"
    outer = {"all": path, "any": path, "none": inside}[group.kind]
    word = "all" if group.kind == "all" else "any"
    if not group.children and not (root and group.kind == "all"):
        problems[group.uid] = "This group is empty: add a condition, or take the group away."
    rules = []
    for n, child in enumerate(group.children):
        here = f"{outer}.{word}[{n}]" if outer else f"{word}[{n}]"
        rule = (
            _group(child, here, paths, problems) if isinstance(child, Group) else _asked(child, here, paths, problems)
        )
        if rule is not None:
            rules.append(rule)
    if problems:
        return None
    if group.kind == "all":
        return All(tuple(rules))
    return Not(AnyOf(tuple(rules))) if group.kind == "none" else AnyOf(tuple(rules))


def _asked(condition: Condition, path: str, paths: dict[int, str], problems: dict[int, str]) -> Rule | None:
    paths[condition.uid] = path
    try:
        rule = _leaf(condition)
    except BadRule as bad:
        problems[condition.uid] = bad.problem[:1].upper() + bad.problem[1:] + "."
        return None
    return Not(rule) if condition.negated else rule


def _leaf(c: Condition) -> Rule:
    v = c.values
    match c.kind:
        case "prop":
            return Prop(_needed(v, "column", "choose a column"), _test(v))
        case "did":
            plain = c.negated and v.get("plain", True)
            measure, compare = (None, Compare("at_least", 1)) if plain else (v.get("measure"), _compare(v))
            event = _needed(v, "event", "choose an event")
            return Did(event, measure, compare, _window(v), _filters(c, "where"))
        case "order":
            first = EventStep(_needed(v, "first", "choose the first event"), _filters(c, "first"))
            then = EventStep(_needed(v, "then", "choose the second event"), _filters(c, "then"))
            limited = v.get("limited", True)
            span = Span(_needed(v, "within", "say within how long"), v["within_unit"]) if limited else None
            return Order(first, then, span, _window(v), bool(v.get("same_item")))
        case "top":
            event = _needed(v, "event", "choose an event")
            return Top(v["measure"], _share(v), event, _window(v), _filters(c, "where"))
        case "sample":
            return Sample(_share(v), v.get("salt") or "")
        case "segment":
            return InSegment(_needed(v, "name", "choose a saved segment"))
        case "rfm":
            groups = tuple(_needed(v, "groups", "choose at least one RFM segment"))
            return Rfm(groups, v["grid"]) if v.get("grid") else Rfm(groups)


def _compare(v: dict[str, Any]) -> Compare:
    value, upper = _needed(v, "value", "give a number"), v.get("upper")
    if v["op"] != "between":
        return Compare(v["op"], value)
    return Compare("between", value, _needed(v, "upper", "give the second number") if upper is None else upper)


def _test(v: dict[str, Any]) -> Test:
    op = _needed(v, "op", "choose a test")
    if op in ("missing", "known"):
        return Test("missing", (op == "missing",))
    values = v.get("values")
    if op == "during":
        start, end = _needed(v, "start", "choose the first day"), _needed(v, "end", "choose the last day")
        return Test(op, (start, end + timedelta(days=1)))
    if op == "between":
        return Test(op, (_needed(v, "value", "give a number"), _needed(v, "upper", "give the second number")))
    if isinstance(values, list | tuple):
        return Test(op, tuple(_needed(v, "values", "choose a value")))
    return Test(op, (_needed(v, "values", "give a value"),))


def _window(v: dict[str, Any]) -> Window:
    match v.get("window", "ever"):
        case "last":
            return Last(_needed(v, "n", "say how long"), v.get("unit") or "days")
        case "earlier":
            return Earlier(_needed(v, "n", "say how long"), v.get("unit") or "days")
        case "between":
            start, end = v.get("start"), v.get("end")
            if start is None and end is None:
                raise BadRule("choose a first day, a last day, or both")
            return Between(start, None if end is None else end + timedelta(days=1))
        case _:
            return Ever()


def _share(v: dict[str, Any]) -> float:
    return float(_needed(v, "percent", "give a share in per cent")) / 100


def _filters(c: Condition, place: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(f.values.get("of") or "event", _needed(f.values, "column", "choose what to filter by"), _test(f.values))
        for f in c.filters.get(place, [])
    )


def _needed(values: dict[str, Any], key: str, otherwise: str) -> Any:
    value = values.get(key)
    if value is None or value in ("", [], ()):
        raise BadRule(otherwise)
    return value
