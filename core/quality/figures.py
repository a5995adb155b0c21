"""The key figures that findings and repairs are judged by, before and after."""

from __future__ import annotations

from core.progress import Step, no_step
from core.quality.types import Figures, Reader
from core.store import Query

# An order is a user's order_id, or where the file has none, all that the user bought on one day; as in core.behaviour.
ORDER = "user_no, order_id, CASE WHEN order_id IS NULL THEN CAST(at_utc AS DATE) END"
IS_ORDER = "event = 'purchase' AND (user_no IS NOT NULL OR order_id IS NOT NULL)"

_FIGURES = Query(
    "SELECT count(*) AS events, count(DISTINCT user_no) AS users, count(DISTINCT item_no) AS items, "
    "count(DISTINCT user_no) FILTER (event = 'purchase') AS buyers, "
    "coalesce(sum(value) FILTER (event = 'purchase'), 0)::DOUBLE AS gross, "
    "coalesce(0 - sum(value) FILTER (event = 'return'), 0)::DOUBLE AS returned, "
    "coalesce(sum(value) FILTER (event IN ('purchase', 'return')), 0)::DOUBLE AS revenue, "
    f"(SELECT count(*) FROM (SELECT DISTINCT {ORDER} FROM events WHERE {IS_ORDER})) AS orders FROM events"
)


def figures(reader: Reader, *, step: Step = no_step) -> Figures:
    """The key figures of what `reader` sees."""
    return Figures(**reader.rows(_FIGURES, step=step)[0])
