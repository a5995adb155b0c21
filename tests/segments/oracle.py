"""What rules mean, a second time: plain Python over lists, written from docs/rules.md and not from the SQL."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.segments import (
    Ago,
    All,
    At,
    Beside,
    Between,
    Did,
    Earlier,
    EventStep,
    Ever,
    Filter,
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
)  # fmt: skip
from core.segments import Any as AnyOf
from tests.segments.world import World

Event = dict[str, Any]
_DAYS = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}


def members(rule: Rule, world: World, as_of: datetime) -> set[str]:  # noqa: PLR0911  # one answer a kind of rule
    """The ids of the users for whom the rule holds."""
    everyone = world.user_ids()
    match rule:
        case All(rules):
            return everyone.intersection(*(members(r, world, as_of) for r in rules))
        case AnyOf(rules):
            return set().union(*(members(r, world, as_of) for r in rules))
        case Not(inner):
            return everyone - members(inner, world, as_of)
        case At(earlier, inner):
            return members(inner, world, min(_moment(earlier, as_of), as_of))
        case Prop(column, test):
            own = {u: {**world.users.get(u, {}), "user_id": u} for u in everyone}
            return {u for u in everyone if passes(own[u].get(column), test, as_of)}
        case Did():
            return {u for u in everyone if _did(rule, world, u, as_of)}
        case Order():
            return {u for u in everyone if _order(rule, world, u, as_of)}
        case Top():
            return _top(rule, world, as_of)
        case Sample(share, salt):
            return {u for u in everyone if _hash(f"{salt}:{u}") < share * 2**64}
        case Rfm():
            scores = rfm_scores(world, as_of)
            return {u for u, (r, f, _) in scores.items() if f"{r}{f}" in rule.cells()}
        case _:
            raise TypeError(rule)


def passes(value: Any, test: Test, as_of: datetime) -> bool:
    """A test of one value."""
    if test.op == "missing":
        return (value is None) == test.values[0]
    if value is None:
        return False
    a: Any = test.values[0]
    b: Any = test.values[-1]
    answers: dict[str, Callable[[], bool]] = {
        "is": lambda: value in test.values,
        "is_not": lambda: value not in test.values,
        "contains": lambda: a.lower() in value.lower(),
        "not_contains": lambda: a.lower() not in value.lower(),
        "starts": lambda: value.lower().startswith(a.lower()),
        "ends": lambda: value.lower().endswith(a.lower()),
        "at_least": lambda: value >= a,
        "at_most": lambda: value <= a,
        "more_than": lambda: value > a,
        "less_than": lambda: value < a,
        "between": lambda: a <= value <= b,
        "before": lambda: value < _midnight(a),
        "since": lambda: value >= _midnight(a),
        "during": lambda: _midnight(a) <= value < _midnight(b),
        "last_days": lambda: as_of - timedelta(days=a) <= value < as_of,
        "next_days": lambda: as_of <= value < as_of + timedelta(days=a),
        "after": lambda: value.date() > a,
        "anniversary_within": lambda: any(_kept_on(value, day) for day in _coming_days(as_of, a)),
        "in_month": lambda: value.month in test.values,
        "matches": lambda: re.search(a, value) is not None,
        "any_of": lambda: bool(set(value) & set(test.values)),
        "all_of": lambda: set(test.values) <= set(value),
        "none_of": lambda: not set(value) & set(test.values),
    }
    return answers[test.op]()


def _coming_days(as_of: datetime, n: int) -> list[date]:
    last_seen = (as_of - timedelta(microseconds=1)).date()
    return [last_seen + timedelta(days=k) for k in range(n)]


def _kept_on(value: datetime, day: date) -> bool:
    leap_year = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    moved = (value.month, value.day) == (2, 29) and not leap_year
    return (day.month, day.day) == ((2, 28) if moved else (value.month, value.day))


def _moment(earlier: datetime | Ago, as_of: datetime) -> datetime:
    if isinstance(earlier, datetime):
        return earlier
    if earlier.unit != "months":
        return as_of - earlier.n * _DAYS[earlier.unit]
    months = as_of.year * 12 + as_of.month - 1 - earlier.n
    for day in range(as_of.day, 0, -1):  # 31 Mar less a month is the last day of February
        try:
            return as_of.replace(year=months // 12, month=months % 12 + 1, day=day)
        except ValueError:
            continue
    raise ValueError(earlier)


def counted(world: World, as_of: datetime, event: str, window: Any, where: Sequence[Filter]) -> list[Event]:
    """The events of one kind in a window that pass the filters."""
    if isinstance(window, Beside):
        seen = anchors(world, as_of, window)
        return [
            e
            for e in counted(world, as_of, event, Ever(), where)
            if e["user"] in seen and e["at"] is not None and _is_beside(e["at"], seen[e["user"]], window)
        ]
    words = {"*": lambda w: w != "impression"}.get(event, lambda w: w == event)
    return [
        dict(e) for e in world.events
        if words(e["event"]) and e["user"] is not None and _inside(e["at"], window, as_of)
        and all(_lets_in(f, e, world, as_of) for f in where)
    ]  # fmt: skip


def anchors(world: World, as_of: datetime, window: Beside) -> dict[str, datetime]:
    """The moment from which each user's window is reckoned, of those who have one."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for e in counted(world, as_of, window.step.event, Ever(), window.step.where):
        if e["at"] is not None:
            found[e["user"]].append(e["at"])
    return {u: min(times) if window.which == "first" else max(times) for u, times in found.items()}


def _is_beside(at: datetime, anchor: datetime, window: Beside) -> bool:
    gap = at - anchor if window.side == "after" else anchor - at
    return timedelta() < gap <= _length(window.within)


def _length(span: Span | None) -> timedelta:
    return timedelta.max if span is None else span.n * {"minutes": timedelta(minutes=1), **_DAYS}[span.unit]


def _lets_in(part: Filter, e: Any, world: World, as_of: datetime) -> bool:
    if part.of == "event":
        return passes(e.get(part.column), part.test, as_of)
    item = e.get("item")
    return item is not None and passes(
        {**world.items.get(item, {}), "item_id": item}.get(part.column), part.test, as_of
    )


def _inside(at: datetime | None, window: Any, as_of: datetime) -> bool:
    if isinstance(window, Ever):
        return at is None or at < as_of
    if at is None or at >= as_of:
        return False
    match window:
        case Last(n, unit):
            return at >= as_of - n * _DAYS[unit]
        case Earlier(n, unit):
            return at < as_of - n * _DAYS[unit]
        case Between(start, until):
            return (start is None or at >= _midnight(start)) and (until is None or at < _midnight(until))
        case _:
            raise TypeError(window)


def orders(events: Iterable[Event]) -> int:
    """Distinct orders among purchases: the order id, else the day; undated ones are one together."""
    days = {e["at"].date() if e["at"] else None for e in events if e.get("order_id") is None}
    return len({e["order_id"] for e in events if e.get("order_id") is not None}) + len(days)


def amount(rule: Did | Top, world: World, user: str, as_of: datetime) -> Fraction | None:
    """What the rule measures of a user; None is missing."""
    found = counted(world, as_of, rule.event, rule.window, rule.where)
    mine = [e for e in found if e["user"] == user]
    bought = rule.event == "purchase"
    if bought and (rule.measure == "items" or any(f.of == "item" for f in rule.where)):
        kept = [e for e in mine if not _sent_back(world, user, e.get("item"), as_of)]
    else:
        kept = mine
    back = counted(world, as_of, "return", rule.window, rule.where) if bought else []
    net = mine + [e for e in back if e["user"] == user]
    match rule.measure:
        case "orders":
            return Fraction(orders(kept))
        case "events":
            return Fraction(len(kept))
        case "items":
            return Fraction(len({e["item"] for e in kept if e.get("item") is not None}))
        case "days":
            return Fraction(len({e["at"].date() for e in kept if e["at"]}))
        case "quantity" | "value":
            return _total(net, rule.measure)
        case "dwell" | "rating":
            return _total(mine, rule.measure)
        case "order_value":
            total = _total(net, "value")
            return total / orders(mine) if net and total is not None and mine else None
        case _:
            column = (rule.measure or "").removeprefix("mean_")
            known = [Fraction(e[column]) for e in mine if e.get(column) is not None]
            return sum(known, Fraction()) / len(known) if known else None


def _total(events: Sequence[Event], column: str) -> Fraction | None:
    known = [Fraction(e[column]) for e in events if e.get(column) is not None]
    return None if events and not known else sum(known, Fraction())


def _sent_back(world: World, user: str, item: str | None, as_of: datetime) -> bool:
    rows = [e for w in ("purchase", "return") for e in counted(world, as_of, w, Ever(), ()) if e["user"] == user]
    rows = [e for e in rows if e.get("item") == item and item is not None]
    signs = {"purchase": 1, "return": -1}
    left = sum(signs[e["event"]] if e.get("quantity") is None else e["quantity"] for e in rows)
    return any(e["event"] == "return" for e in rows) and left <= 0


def _did(rule: Did, world: World, user: str, as_of: datetime) -> bool:
    if isinstance(rule.window, Beside) and user not in anchors(world, as_of, rule.window):
        return False
    value = amount(rule, world, user, as_of)
    return value is not None and rule.compare.holds(value)  # type: ignore[arg-type]  # a Fraction compares like a float


def _order(rule: Order, world: World, user: str, as_of: datetime) -> bool:
    def done(step: EventStep, window: Any) -> list[Event]:
        found = counted(world, as_of, step.event, window, step.where)
        return [e for e in found if e["user"] == user and e["at"] is not None]

    longest = _length(rule.within)

    def follows(a: Event, b: Event) -> bool:
        same = not rule.same_item or (a.get("item") is not None and a.get("item") == b.get("item"))
        return same and timedelta() < b["at"] - a["at"] <= longest

    firsts = done(rule.first, rule.window)
    if not rule.absent:
        return any(follows(a, b) for a in firsts for b in done(rule.then, rule.window))
    known = [a for a in firsts if rule.within is None or as_of - a["at"] >= longest]
    known = [a for a in known if not rule.same_item or a.get("item") is not None]
    return any(not any(follows(a, b) for b in done(rule.then, Ever())) for a in known)


def _top(rule: Top, world: World, as_of: datetime) -> set[str]:
    events = counted(world, as_of, rule.event, rule.window, rule.where)
    if rule.event == "purchase" and rule.measure in ("quantity", "value", "order_value"):
        events += counted(world, as_of, "return", rule.window, rule.where)
    measured = {u: amount(rule, world, u, as_of) for u in {e["user"] for e in events}}
    if rule.event == "purchase" and (rule.measure == "items" or any(f.of == "item" for f in rule.where)):
        gone = {
            u for u in measured if all(_sent_back(world, u, e.get("item"), as_of) for e in events if e["user"] == u)
        }
        measured = {
            u: v
            for u, v in measured.items()
            if u not in gone or rule.measure not in ("orders", "events", "items", "days")
        }
    known = {u: v for u, v in measured.items() if v is not None}
    wanted = Fraction(str(rule.share)) * len(known)
    sizes = sorted({sum(w >= v for w in known.values()) for v in known.values()}, key=lambda n: (abs(n - wanted), -n))
    return {u for u, v in known.items() if sum(w >= v for w in known.values()) <= sizes[0]} if sizes else set()


def rfm_scores(world: World, as_of: datetime) -> dict[str, tuple[int, int, int | None]]:
    """Recency, frequency and monetary scores of every buyer."""
    bought: dict[str, list[Event]] = defaultdict(list)
    for e in counted(world, as_of, "purchase", Ever(), ()):
        bought[e["user"]].append(e)
    buyers = {u: es for u, es in bought.items() if any(e["at"] for e in es)}
    rows = buyers_money(world, as_of, buyers)
    recency = {u: -_days(as_of - max(e["at"] for e in es if e["at"])) for u, es in buyers.items()}
    frequency = {u: orders(es) for u, es in buyers.items()}
    money = quintiles({u: v for u, v in rows.items() if v is not None})
    r, f = quintiles(recency), quintiles(frequency)
    return {u: (r[u], f[u], money.get(u)) for u in buyers}


def buyers_money(world: World, as_of: datetime, buyers: Iterable[str]) -> dict[str, Fraction | None]:
    """Net value of each buyer, returns taken off."""
    events = [e for w in ("purchase", "return") for e in counted(world, as_of, w, Ever(), ())]
    return {u: _total([e for e in events if e["user"] == u], "value") for u in buyers}


def quintiles(values: dict[str, Any]) -> dict[str, int]:
    """Scores 1 to 5 by the value boundary nearest to each quintile, the lower of two; 3 where all are alike."""
    ordered = sorted(values.values())
    ends = [n for n in range(1, len(ordered)) if ordered[n - 1] != ordered[n]]  # so many values lie below a boundary
    if not ends:
        return dict.fromkeys(values, 3)
    cuts = [min(ends, key=lambda n: (abs(Fraction(n) - Fraction(q * len(ordered), 5)), n)) for q in range(1, 5)]
    return {u: 1 + sum(ordered.index(v) >= cut for cut in cuts) for u, v in values.items()}


def _days(gap: timedelta) -> int:
    return -(-gap // timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "little")


__all__ = ["Decimal", "amount", "members", "passes", "quintiles", "rfm_scores"]
