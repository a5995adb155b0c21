"""The key figures that findings and repairs are judged by, before and after."""

from __future__ import annotations

from core.progress import Step, no_step
from core.quality.types import Figures, Reader
from core.store import Query

# An order is a user's order_id, or where the file has none, all that the user bought on one day; as in core.behaviour.
ORDER = "user_no, order_id, CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END"
LOOKED_AT = frozenset({"event", "at_utc", "order_id", "quantity", "value", "price"})
"""Columns of events whose values the figures depend on, users and items aside: the value follows quantity and price."""
IS_ORDER = "event = 'purchase' AND (user_no IS NOT NULL OR order_id IS NOT NULL)"

# One pass by user, one by item, one over the orders: several count(DISTINCT) in one question cost twice as much.
_FIGURES = Query(
    "SELECT CAST(coalesce(sum(n), 0) AS BIGINT) AS events, count(user_no) AS users, "
    "(SELECT count(*) FROM (SELECT item_no FROM events WHERE item_no IS NOT NULL GROUP BY item_no)) AS items, "
    "count(user_no) FILTER (bought) AS buyers, coalesce(sum(gross), 0)::DOUBLE AS gross, "
    "coalesce(0 - sum(returned), 0)::DOUBLE AS returned, "
    "(coalesce(sum(gross), 0) + coalesce(sum(returned), 0))::DOUBLE AS revenue, "
    f"(SELECT count(*) FROM (SELECT DISTINCT {ORDER} FROM events WHERE {IS_ORDER})) AS orders "
    "FROM (SELECT user_no, count(*) AS n, bool_or(event = 'purchase') AS bought, "
    "sum(value) FILTER (event = 'purchase') AS gross, sum(value) FILTER (event = 'return') AS returned "
    "FROM events GROUP BY user_no)"
)


def figures(reader: Reader, *, step: Step = no_step) -> Figures:
    """The key figures of what `reader` sees."""
    return Figures(**reader.rows(_FIGURES, step=step)[0])
