"""One condition of a draft read as a rule. Raises BadRule that says, in words, what is still missing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from core.segments import (
    DEFAULT_GRID,
    Abc,
    BadRule,
    Beside,
    Between,
    Compare,
    Did,
    Earlier,
    EventStep,
    Ever,
    Filter,
    InGroup,
    InSegment,
    Last,
    Loyalty,
    LoyaltySettings,
    Moment,
    Order,
    Prop,
    Regularly,
    Resumed,
    Rfm,
    RfmSettings,
    Rule,
    Sample,
    Span,
    Sql,
    Stopped,
    Test,
    Top,
    Window,
)
from pages._ui.rule_builder_draft import CUTS, THRESHOLDS
from pages._ui.rule_builder_parts import Condition


def leaf(c: Condition) -> Rule:
    """The rule of one condition, apart from its negation."""
    v = c.values
    match c.kind:
        case "prop":
            return Prop(needed(v, "column", "choose a column"), _test(v))
        case "sample":
            return Sample(_share(v, "percent"), v.get("salt") or "")
        case "segment":
            return InSegment(needed(v, "name", "choose a saved segment"))
        case "group":
            most = needed(v, "closest", "say how many of the closest") if v.get("limited") else None
            return InGroup(needed(v, "name", "choose a group"), tuple(v.get("parts") or ()), most)
        case "rfm" | "abc" | "loyalty" | "top":
            return _worth(c, v)
        case "sql":
            return Sql(needed(v, "sql", "write a SELECT that names users").strip())
        case _:
            return _behaviour(c, v)


def _behaviour(c: Condition, v: dict[str, Any]) -> Rule:
    if c.kind == "order":
        first = EventStep(needed(v, "first", "choose the first event"), _filters(c, "first"))
        then = EventStep(needed(v, "then", "choose the second event"), _filters(c, "then"))
        span = _span(v, "within", "say within how long") if v.get("limited", True) else None
        return Order(first, then, span, _window(c), bool(v.get("same_item")), bool(v.get("absent")))
    event, where = needed(v, "event", "choose an event"), _filters(c, "where")
    match c.kind:
        case "moment":
            return Moment(v.get("which") or "first", event, _window(c), where)
        case "regularly":
            of_them, n = needed(v, "of_them", "say in how many"), needed(v, "n", "say of how many")
            if of_them > n:
                raise BadRule(f"{of_them:,} of the last {n:,} cannot be: the first number must not be larger")
            return Regularly(event, of_them, n, v.get("unit") or "weeks", where)
        case "stopped":
            quiet = _span(v, "quiet", "say for how long they have not")
            before = _span(v, "before", "say how long before that") if v.get("limited") else None
            return Stopped(event, quiet, before, needed(v, "least", "say how often before"), where)
        case "resumed":
            pause = _span(v, "pause", "say how long the pause was")
            return Resumed(event, pause, _span(v, "within", "say within how long they came back"), where)
        case _:
            plain = c.negated and v.get("plain", True)
            measure, compare = (None, Compare("at_least", 1)) if plain else (v.get("measure"), _compare(v))
            return Did(event, measure, compare, _window(c), where)


def _worth(c: Condition, v: dict[str, Any]) -> Rule:
    match c.kind:
        case "rfm":
            groups = tuple(needed(v, "groups", "choose at least one RFM segment"))
            cuts = {name: _cuts(v.get(name) or "") for name in CUTS}
            settings = RfmSettings(v.get("scores") or 5, **cuts, monetary=v.get("monetary") or "apart")
            return Rfm(groups, v.get("grid") or DEFAULT_GRID, settings)
        case "abc":
            classes = tuple(sorted(needed(v, "classes", "choose at least one class")))
            shares = _share(v, "upto_a"), _share(v, "upto_b")
            event = needed(v, "event", "choose an event")
            return Abc(classes, v.get("measure") or "value", shares, event, _window(c), _filters(c, "where"))
        case "loyalty":
            own = {name: v.get(name) for name in THRESHOLDS}
            return Loyalty(tuple(needed(v, "stages", "choose at least one stage")), LoyaltySettings(**own))
        case _:
            event = needed(v, "event", "choose an event")
            return Top(v["measure"], _share(v, "percent"), event, _window(c), _filters(c, "where"))


def _compare(v: dict[str, Any]) -> Compare:
    value, upper = needed(v, "value", "give a number"), v.get("upper")
    if v["op"] != "between":
        return Compare(v["op"], value)
    return Compare("between", value, needed(v, "upper", "give the second number") if upper is None else upper)


def _test(v: dict[str, Any]) -> Test:
    op = needed(v, "op", "choose a test")
    if op in ("missing", "known"):
        return Test("missing", (op == "missing",))
    values = v.get("values")
    if op == "during":
        start, end = needed(v, "start", "choose the first day"), needed(v, "end", "choose the last day")
        return Test(op, (start, end + timedelta(days=1)))
    if op == "between":
        return Test(op, (needed(v, "value", "give a number"), needed(v, "upper", "give the second number")))
    if isinstance(values, list | tuple):
        return Test(op, tuple(needed(v, "values", "choose a value")))
    return Test(op, (needed(v, "values", "give a value"),))


def _window(c: Condition) -> Window:
    v = c.values
    match v.get("window", "ever"):
        case "last":
            return Last(needed(v, "n", "say how long"), v.get("unit") or "days")
        case "earlier":
            return Earlier(needed(v, "n", "say how long"), v.get("unit") or "days")
        case "between":
            start, end = v.get("start"), v.get("end")
            if start is None and end is None:
                raise BadRule("choose a first day, a last day, or both")
            if start and end and start > end:
                raise BadRule("the last day must not be before the first")
            return Between(start, None if end is None else end + timedelta(days=1))
        case "before" | "after" as side:
            step = EventStep(needed(v, "beside_event", "choose the event to look from"), _filters(c, "beside"))
            within = _span(v, "beside", "say within how long of it") if v.get("beside_limited") else None
            return Beside(side, step, v.get("beside_which") or "last", within)
        case _:
            return Ever()


def _span(v: dict[str, Any], name: str, otherwise: str) -> Span:
    return Span(needed(v, name, otherwise), v.get(f"{name}_unit") or "days")


def _share(v: dict[str, Any], name: str) -> float:
    return float(Decimal(repr(float(needed(v, name, "give a share in per cent")))) / 100)


def _cuts(text: str) -> tuple[float, ...]:
    """Own cuts as a person writes them: "30, 90, 180, 365"."""
    try:
        return tuple(float(cut) for cut in text.replace(";", ",").split(",") if cut.strip())
    except ValueError:
        raise BadRule("write own cuts as numbers with commas between, such as 30, 90, 180, 365") from None


def _filters(c: Condition, place: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(f.values.get("of") or "event", needed(f.values, "column", "choose what to filter by"), _test(f.values))
        for f in c.filters.get(place, [])
    )


def needed(values: dict[str, Any], key: str, otherwise: str) -> Any:
    """What a field holds. Raises BadRule(otherwise) where it is empty."""
    value = values.get(key)
    if value is None or value in ("", [], ()) or (isinstance(value, str) and not value.strip() and key == "sql"):
        raise BadRule(otherwise)
    return value
