"""Measures of users' events as SQL aggregates over events `e`, grouped by user."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.segments.amounts import COUNTS, TOTALS, Measure
from core.segments.beside_sql import anchored, beside_condition, beside_join
from core.segments.conditions import Setting, compared, event_condition, filters, window_condition
from core.segments.parts import Beside, Compare, Ever, Filter, joined_path
from core.segments.rule import Did, Top
from core.store import Query

# The order of a purchase: its order id, else its user and UTC day. Purchases with neither are one order together.
ORDERS = (
    "count(DISTINCT e.order_id) + count(DISTINCT CASE WHEN e.order_id IS NULL "
    "THEN coalesce(e.at_utc::DATE, DATE '0001-01-01') END)"
)
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
_NET = ("quantity", "value", "order_value")  # returns count against purchases


def did_condition(rule: Did, setting: Setting, path: str) -> Query:
    """The condition on users `u` that their events measure up; never NULL.

    Where 0 satisfies a count or total, users without such events are in: the complement of those who fail. Of a window
    beside an event only users who have that event, since nobody else has the window.
    """
    compare, measure = rule.compare, rule.measure or "events"
    rows = measured_rows(rule, setting, path)
    if isinstance(rule.window, Beside) and measure in COUNTS + TOTALS and compare.holds(0):
        return (
            Query("(")
            + anchored(rule.window, setting, joined_path(path, "window"))
            + " AND "
            + _measured_up(rows, measure, compare)
            + ")"
        )
    return _measured_up(rows, measure, compare)


def _measured_up(rows: Query, measure: Measure, compare: Compare) -> Query:
    if measure in ("orders", "events") and _asks_for_any(compare):
        return Query("u.user_no IN (SELECT e.user_no ") + rows + ")"
    if measure in ("orders", "events") and _asks_for_none(compare):
        return Query("u.user_no NOT IN (SELECT e.user_no ") + rows + ")"
    holds = compared(_SQL[measure], compare.op, _numbers(compare))
    grouped = rows + " GROUP BY e.user_no HAVING "
    if measure in COUNTS + TOTALS and compare.holds(0):
        # coalesce: a total none of whose values is known is missing, and so fails
        return Query("u.user_no NOT IN (SELECT e.user_no ") + grouped + "NOT coalesce(" + holds + ", false))"
    return Query("u.user_no IN (SELECT e.user_no ") + grouped + holds + ")"


def top_condition(rule: Top, setting: Setting, path: str) -> Query:
    """The condition on users `u` that they are in the top share; never NULL."""
    measured = Query(f"SELECT e.user_no, {_SQL[rule.measure]} AS amount ") + measured_rows(rule, setting, path)
    return (
        Query("u.user_no IN (WITH measured AS (SELECT * FROM (")
        + measured
        + " GROUP BY e.user_no) WHERE amount IS NOT NULL), "
        "steps AS (SELECT amount, sum(count(*)) OVER (ORDER BY amount DESC) AS upto, sum(count(*)) OVER () AS total "
        "FROM measured GROUP BY amount) "
        "SELECT m.user_no FROM measured m WHERE m.amount >= "
        + Query(
            "(SELECT amount FROM steps ORDER BY abs(upto - ? * total), upto DESC LIMIT 1))", (Decimal(str(rule.share)),)
        )
    )


def amount_sql(measure: Measure) -> str:
    """The measure of one user's events `e` as an SQL aggregate; NULL is missing."""
    return _SQL[measure]


def measured_rows(rule: Did | Top, setting: Setting, path: str) -> Query:
    """`FROM events e WHERE ...`: the events of known users that a rule measures."""
    measure = rule.measure or "events"
    event_path = joined_path(path, "did" if isinstance(rule, Did) else "event")
    window_path = joined_path(path, "window")
    beside = rule.window if isinstance(rule.window, Beside) else None
    rows = (
        Query("FROM events e")
        + (beside_join(beside, setting, window_path) if beside else Query(""))
        + " WHERE e.user_no IS NOT NULL AND "
        + event_condition(rule.event, setting, event_path, net=measure in _NET)
        + (beside_condition(beside, setting) if beside else window_condition(rule.window, setting, window_path))
        + filters(rule.where, setting, path)
    )
    if rule.event == "purchase" and measure in COUNTS and _asks_about_items(measure, rule.where):
        return rows + kept_items(setting)
    return rows


def kept_items(setting: Setting) -> Query:
    """The condition on purchases `e`, ` AND ` before it, that the user has not wholly returned the item by as_of."""
    if "return" not in setting.schema.words:
        return Query("")
    before = window_condition(Ever(), setting, "")
    return (
        Query(
            " AND NOT EXISTS (SELECT 1 FROM (SELECT e.user_no, e.item_no FROM events e "
            "WHERE e.event IN ('purchase', 'return') "
            "AND e.user_no IN (SELECT user_no FROM events WHERE event = 'return')"
        )
        + before
        + " GROUP BY e.user_no, e.item_no HAVING count_if(e.event = 'return') > 0 "
        "AND sum(coalesce(e.quantity, CASE e.event WHEN 'return' THEN -1 ELSE 1 END)) <= 0) gone "
        "WHERE gone.user_no = e.user_no AND gone.item_no = e.item_no)"
    )


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
