"""The key figures of a report, from what its detectors have counted already."""

from __future__ import annotations

import numpy as np

from core.quality.ask import one
from core.quality.figures import IS_ORDER, ORDER, figures
from core.quality.per_user import column, per_item, per_user
from core.quality.types import Asked, Figures
from core.store import Query


def known_figures(asked: Asked) -> Figures:
    """The same as `figures`; users, buyers and items are not counted again where a detector has."""
    if "users" not in asked.held or "items" not in asked.held:
        return figures(asked.reader, step=asked.step)
    users, items = per_user(asked), per_item(asked)
    buyers = int(np.count_nonzero(column(users, "bought")))
    return Figures(users=users.num_rows, items=items.num_rows, buyers=buyers, **one(asked, _REST))


_REST = Query(
    "SELECT CAST(coalesce(sum(n), 0) AS BIGINT) AS events, "
    "coalesce(sum(value) FILTER (event = 'purchase'), 0)::DOUBLE AS gross, "
    "coalesce(0 - sum(value) FILTER (event = 'return'), 0)::DOUBLE AS returned, "
    "coalesce(sum(value) FILTER (event IN ('purchase', 'return')), 0)::DOUBLE AS revenue, "
    f"(SELECT count(*) FROM (SELECT DISTINCT {ORDER} FROM events WHERE {IS_ORDER})) AS orders "
    "FROM (SELECT event, count(*) AS n, sum(value) AS value FROM events GROUP BY event)"
)
