"""The pieces of SQL that every figure shares: what an order is, what net means, which day a moment belongs to."""

from __future__ import annotations

from typing import Literal

from core.behaviour.window import Unit
from core.store import Query

# An order is a user's order_id, or where the file has none, all that the user bought on one day (UTC). An anonymous
# purchase without order_id belongs to no order that could be told apart. The user is part of the key, so that files
# which number each user's orders 1, 2, 3 count right, and the orders of all users add up to the orders of the shop.
ORDER_KEY = "user_no, order_id, CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END AS order_day"
IS_ORDER = "event = 'purchase' AND (user_no IS NOT NULL OR order_id IS NOT NULL)"

TRADE = ("purchase", "return")
IS_TRADE = "event IN ('purchase', 'return')"
# A return's quantity and value are stored zero or below, so plain sums are net. Without a quantity a row is one unit.
NET_UNITS = "sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END))"


def wholly_returned(until: Query) -> Query:
    """user_no, item_no: who had returned all they bought of an item by then (`until`, a condition on events)."""
    pairs = Query(f"SELECT user_no, item_no FROM events WHERE {IS_TRADE} AND user_no IS NOT NULL AND ") + until
    return pairs + f" GROUP BY user_no, item_no HAVING bool_or(event = 'return') AND {NET_UNITS} <= 0"


NOT_ACTIVE = ("impression",)
"""Events that happen to a user without the user doing anything: they do not make anybody active."""

# Days, weeks and months as integers from year 1 on, so that (user, period) packs into one BIGINT: counting distinct
# integers takes half the time of counting distinct pairs.
_DAY = "(CAST(at_utc AS DATE) - DATE '0001-01-01')"
_PERIOD = {"day": _DAY, "week": f"{_DAY} // 7", "month": "(year(at_utc) * 12 + month(at_utc) - 1)"}
_START = {
    "day": "DATE '0001-01-01' + {n}::INTEGER",
    "week": "DATE '0001-01-01' + ({n} * 7)::INTEGER",
    "month": "make_date({n} // 12, {n} % 12 + 1, 1)",
}
_SHIFT = 20


def packed_period(column: Literal["user_no", "item_no"], unit: Unit) -> str:
    """SQL: one BIGINT for a known user (or item) and the period of `at_utc`; 0001-01-01 was a Monday."""
    return f"(CAST({column} AS BIGINT) << {_SHIFT}) + {_PERIOD[unit]}"


def period_of_key(key: str, unit: Unit) -> str:
    """SQL: the first day (DATE) of the period packed into `key` by packed_period."""
    return _START[unit].format(n=f"({key} & {(1 << _SHIFT) - 1})")


def period_of_event(unit: Unit) -> str:
    """SQL: the first day (DATE) of the period that `at_utc` lies in."""
    return _START[unit].format(n=_PERIOD[unit])


def active() -> Query:
    """The SQL condition for an event that makes a known user active."""
    marks = ", ".join("?" * len(NOT_ACTIVE))
    return Query(f"(user_no IS NOT NULL AND event NOT IN ({marks}))", NOT_ACTIVE)
