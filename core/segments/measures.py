"""Measures of users' events as SQL aggregates over events `e`, grouped by user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.segments.amounts import COUNTS, TOTALS, Measure
from core.segments.beside_sql import anchored, beside_condition, beside_join
from core.segments.conditions import Setting, compared, event_condition, filters, window_condition
from core.segments.parts import Beside, Compare, Ever, Filter, joined_path
from core.segments.rule import Did, Top
from core.store import Query

# The order of a purchase: its order id, else its user and UTC day. Purchases with neither are one order together.
_DAY = "CASE WHEN e.order_id IS NULL THEN coalesce(e.at_utc::DATE, DATE '0001-01-01') END"
ORDERS = f"count(DISTINCT e.order_id) + count(DISTINCT {_DAY})"
PURCHASE_ORDERS = ORDERS.replace(
    "(DISTINCT e.order_id)", "(DISTINCT e.order_id) FILTER (e.event = 'purchase')"
).replace("END)", "END) FILTER (e.event = 'purchase')")

# Sums are taken over decimals: sums of floating numbers differ in the last digits from run to run.
_SQL: dict[str, str] = {
    "orders": ORDERS,
    "events": "count(*)",
    "items": "count(DISTINCT e.item_no)",
    "days": "count(DISTINCT e.at_utc::DATE)",
    "quantity": "sum(e.quantity::DECIMAL(30, 6))",
    "value": "sum(e.value)",
    "dwell": "sum(e.dwell::DECIMAL(30, 6))",
    "rating": "sum(e.rating::DECIMAL(30, 6))",
    "mean_value": "avg(e.value)",
    "mean_quantity": "avg(e.quantity::DECIMAL(30, 6))",
    "order_value": f"sum(e.value) / nullif({PURCHASE_ORDERS}, 0)",
    "mean_dwell": "avg(e.dwell::DECIMAL(30, 6))",
    "mean_rating": "avg(e.rating::DECIMAL(30, 6))",
}
# What is counted once, and how it is counted then: in two steps, which are quicker than count(DISTINCT) a user.
_ONCE: dict[str, tuple[str, str]] = {
    "orders": (f"e.order_id, {_DAY} AS day", "count(*)"),
    "items": ("e.item_no", "count(o.item_no)"),
    "days": ("e.at_utc::DATE AS day", "count(o.day)"),
}
# Of the purchases and returns of one item by one user, to which it is grouped: whether the item is wholly returned.
WENT_BACK = (
    "count_if(e.event = 'return') > 0 AND sum(coalesce(e.quantity, CASE e.event WHEN 'return' THEN -1 ELSE 1 END)) <= 0"
)
_NET = ("quantity", "value", "order_value")  # returns count against purchases


def did_condition(rule: Did, setting: Setting, path: str) -> Query:
    """The condition on users `u` that their events measure up; never NULL.

    Where 0 satisfies a count or total, users without such events are in: the complement of those who fail. Of a window
    beside an event only users who have that event, since nobody else has the window.
    """
    compare, measure = rule.compare, rule.measure or "events"
    if isinstance(rule.window, Beside) and measure in COUNTS + TOTALS and compare.holds(0):
        return (
            Query("(")
            + anchored(rule.window, setting, joined_path(path, "window"))
            + " AND "
            + _measured_up(rule, setting, path)
            + ")"
        )
    return _measured_up(rule, setting, path)


def _measured_up(rule: Did, setting: Setting, path: str) -> Query:
    compare, measure = rule.compare, rule.measure or "events"
    if measure in ("orders", "events") and (_asks_for_any(compare) or _asks_for_none(compare)):
        word = "IN" if _asks_for_any(compare) else "NOT IN"
        return Query(f"u.user_no {word} (SELECT e.user_no ") + measured_rows(rule, setting, path) + ")"
    holds = compared("m.amount", compare.op, _numbers(compare))
    measured = amounts(rule, setting, path) + ") m WHERE "
    if measure in COUNTS + TOTALS and compare.holds(0):
        # coalesce: a total none of whose values is known is missing, and so fails
        return Query("u.user_no NOT IN (SELECT m.user_no FROM (") + measured + "NOT coalesce(" + holds + ", false))"
    return Query("u.user_no IN (SELECT m.user_no FROM (") + measured + holds + ")"


def top_condition(rule: Top, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they are in the top share; never NULL."""
    return (
        Query("u.user_no IN (WITH measured AS (SELECT * FROM (")
        + amounts(rule, setting, path)
        + ") WHERE amount IS NOT NULL), "
        "steps AS (SELECT amount, sum(count(*)) OVER (ORDER BY amount DESC) AS upto, sum(count(*)) OVER () AS total "
        "FROM measured GROUP BY amount) "
        "SELECT m.user_no FROM measured m WHERE m.amount >= "
        + Query(
            "(SELECT amount FROM steps ORDER BY abs(upto - ? * total), upto DESC LIMIT 1))", (Decimal(str(rule.share)),)
        )
    )


def amounts(rule: Did | Top, setting: Setting, path: str) -> Query:
    """Two columns, `user_no` and `amount` (the measure; NULL is missing), of the users with events that the rule
    measures; each once. Who has an order value missing may be left out. Raises BadRule.
    """
    measure = rule.measure or "events"
    if measure == "order_value":
        rows = _rows(rule, setting, path)
        placed = _rows(replace(rule, measure="orders"), setting, path)
        return (
            Query("SELECT v.user_no, v.amount / o.amount AS amount FROM (SELECT e.user_no, sum(e.value) AS amount ")
            + (rows + " GROUP BY e.user_no) v JOIN (")
            + (_once("orders", placed) + ") o ON o.user_no = v.user_no")
        )
    if measure == "items" and _may_go_back(rule, setting) and not isinstance(rule.window, Beside):
        return _items_kept(rule, setting, path)
    rows = measured_rows(rule, setting, path)
    if measure in _ONCE:
        return _once(measure, rows)
    return Query(f"SELECT e.user_no, {_SQL[measure]} AS amount ") + rows + " GROUP BY e.user_no"


def orders_of(rows: Query) -> Query:
    """Two columns, `user_no` and `amount` = orders, of `rows`: `FROM events e WHERE ...`, purchases of known users."""
    return _once("orders", rows)


def _once(measure: str, rows: Query) -> Query:
    once, counted = _ONCE[measure]
    return (
        Query(f"SELECT o.user_no, {counted} AS amount FROM (SELECT DISTINCT e.user_no, {once} ")
        + rows
        + ") o GROUP BY o.user_no"
    )


def _items_kept(rule: Did | Top, setting: Setting, path: str) -> Query:
    """`amounts` of distinct items bought and not returned: one pass over purchases and returns, by user and item."""
    counts = (
        event_condition("purchase", setting, path)
        + window_condition(rule.window, setting, joined_path(path, "window"))
        + filters(rule.where, setting, path, of="event")
    )
    return (
        Query("SELECT o.user_no, count(o.item_no) AS amount FROM (SELECT e.user_no, e.item_no FROM events e WHERE "
              "e.user_no IS NOT NULL AND e.event IN ('purchase', 'return')")
        + window_condition(Ever(), setting, "")
        + filters(rule.where, setting, path, of="item")
        + " GROUP BY e.user_no, e.item_no HAVING bool_or("
        + counts
        + f") AND (e.item_no IS NULL OR NOT ({WENT_BACK}))) o GROUP BY o.user_no"
    )  # fmt: skip


def measured_rows(rule: Did | Top, setting: Setting, path: str) -> Query:
    """`FROM events e WHERE ...`: the events of known users that a rule measures."""
    rows = _rows(rule, setting, path)
    return rows + kept_items(setting, rule.where, path) if _may_go_back(rule, setting) else rows


def _rows(rule: Did | Top, setting: Setting, path: str) -> Query:
    """`measured_rows`, items returned since included."""
    measure = rule.measure or "events"
    event_path = joined_path(path, "did" if isinstance(rule, Did) else "event")
    window_path = joined_path(path, "window")
    beside = rule.window if isinstance(rule.window, Beside) else None
    return (
        Query("FROM events e")
        + (beside_join(beside, setting, window_path) if beside else Query(""))
        + " WHERE e.user_no IS NOT NULL AND "
        + event_condition(rule.event, setting, event_path, net=measure in _NET)
        + (beside_condition(beside, setting) if beside else window_condition(rule.window, setting, window_path))
        + filters(rule.where, setting, path)
    )


def kept_items(setting: Setting, where: Sequence[Filter] = (), path: str = "") -> Query:
    """The condition on purchases `e`, ` AND ` before it, that the user has not wholly returned the item by as_of.

    `where` = the filters that the purchases pass anyway: returns of other items need not be looked at.
    """
    if "return" not in setting.schema.words:
        return Query("")
    return (
        Query(
            " AND NOT EXISTS (SELECT 1 FROM (SELECT e.user_no, e.item_no FROM events e "
            "WHERE e.event IN ('purchase', 'return') "
            "AND EXISTS (SELECT 1 FROM events r WHERE r.event = 'return' AND r.user_no = e.user_no "
            "AND r.item_no = e.item_no)"
        )
        + window_condition(Ever(), setting, "")
        + filters(where, setting, path, of="item")
        + f" GROUP BY e.user_no, e.item_no HAVING {WENT_BACK}) gone "
        "WHERE gone.user_no = e.user_no AND gone.item_no = e.item_no)"
    )


def _may_go_back(rule: Did | Top, setting: Setting) -> bool:
    """Whether purchases of items returned since do not count: questions about items, where the data have returns."""
    measure = rule.measure or "events"
    about_items = measure in COUNTS and _asks_about_items(measure, rule.where)
    return rule.event == "purchase" and about_items and "return" in setting.schema.words


def _asks_about_items(measure: Measure, where: Sequence[Filter]) -> bool:
    return measure == "items" or any(part.of == "item" for part in where)


def _asks_for_any(compare: Compare) -> bool:
    return (compare.op == "at_least" and 0 < compare.value <= 1) or (
        compare.op == "more_than" and 0 <= compare.value < 1
    )


def _asks_for_none(compare: Compare) -> bool:
    return (compare.op in ("at_most", "exactly") and compare.value == 0) or (
        compare.op == "less_than" and 0 < compare.value <= 1
    )


def _numbers(compare: Compare) -> tuple[Decimal, ...]:
    ends = (compare.value,) if compare.upper is None else (compare.value, compare.upper)
    return tuple(Decimal(str(end)) for end in ends)
