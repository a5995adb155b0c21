"""What buyers are worth, how broadly they buy and whether they speak of the shop: one row a user, by SQL."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.behaviour import IS_TRADE, Window, category_columns
from core.loyalty.orders import Floats, Orders
from core.store import Query, Store

ADVOCACY = ("share", "comment", "rating", "review", "referral", "refer", "invite", "recommend")
"""Event types by which a user speaks of the shop or its items to others."""

_BITS = 63


def net_by_user(store: Store, window: Window, buyers: npt.NDArray[np.int32]) -> Floats:
    """(b,): purchases less returns of each buyer in a resolved window; NaN where no such row has a value."""
    return _net(store, IS_TRADE, window, buyers)


def net_of(store: Store, held: Orders, window: Window) -> Floats:
    """The same for the buyers of orders read in that window: only returns are read from the events."""
    known = ~np.isnan(held.value)
    size = len(held.buyers)
    bought = np.bincount(held.user[known], weights=held.value[known], minlength=size)
    back = _net(store, "event = 'return'", window, held.buyers)
    some = (np.bincount(held.user[known], minlength=size) > 0) | ~np.isnan(back)
    return np.where(some, bought + np.nan_to_num(back), np.nan)


def _net(store: Store, which: str, window: Window, buyers: npt.NDArray[np.int32]) -> Floats:
    query = Query(f"SELECT user_no, sum(value)::DOUBLE AS n FROM events WHERE {which} AND user_no IS NOT NULL AND ")
    return _spread(store, query + window.condition() + " GROUP BY user_no HAVING count(value) > 0", buyers)


def breadth_by_user(store: Store, window: Window, buyers: npt.NDArray[np.int32]) -> tuple[Floats, str]:
    """(b,): distinct categories each buyer has bought (0: none of a known category); and what was counted.

    By the first category column; without one, distinct items.
    """
    bought = (
        Query(
            "user_no, item_no FROM events WHERE event = 'purchase' AND user_no IS NOT NULL AND item_no IS NOT NULL AND "
        )
        + window.condition()
    )
    columns = category_columns(store)
    if not columns:
        counted = Query("SELECT user_no, count(*)::DOUBLE AS n FROM (SELECT DISTINCT ") + bought + ") GROUP BY user_no"
        return np.nan_to_num(_spread(store, counted, buyers)), "items"
    name, pairs = next(iter(columns.items()))
    (known,) = store.rows(Query(f"SELECT count(DISTINCT category) AS n FROM ({pairs})"))
    # a bit for each category is far cheaper than distinct pairs, as long as they fit into a word
    many = "count(DISTINCT c)" if int(known["n"]) > _BITS else "bit_count(bit_or(1::UBIGINT << c))"
    counted = (
        Query(f"WITH named AS (SELECT item_no, (dense_rank() OVER (ORDER BY category) - 1)::INTEGER AS c FROM ({pairs})"
              f" WHERE category IS NOT NULL) SELECT user_no, ({many})::DOUBLE AS n FROM (SELECT ")
        + bought + ") JOIN named USING (item_no) GROUP BY user_no"
    )  # fmt: skip
    return np.nan_to_num(_spread(store, counted, buyers)), name


def advocacy_by_user(store: Store, window: Window, buyers: npt.NDArray[np.int32]) -> tuple[Floats, tuple[str, ...]]:
    """(b,): events of ADVOCACY by each buyer; and which of these kinds the window holds. None: nothing can be said."""
    marks = ", ".join("?" * len(ADVOCACY))
    there = Query(f"FROM events WHERE event IN ({marks}) AND user_no IS NOT NULL AND ", ADVOCACY) + window.condition()
    kinds = tuple(str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event ") + there + " ORDER BY event"))
    if not kinds:
        return np.zeros(len(buyers)), ()
    counted = Query("SELECT user_no, count(*)::DOUBLE AS n ") + there + " GROUP BY user_no"
    return np.nan_to_num(_spread(store, counted, buyers)), kinds


def _spread(store: Store, query: Query, buyers: npt.NDArray[np.int32]) -> Floats:
    """The answer (user_no, n) laid over the buyers, who rise; NaN where it has no row."""
    found = store.read(query)
    numbers, values = (found.column(n).to_numpy() for n in (0, 1))
    out = np.full(len(buyers), np.nan)
    place = np.searchsorted(buyers, numbers)
    place[place == len(buyers)] = 0
    if len(buyers):
        known = buyers[place] == numbers
        out[place[known]] = values[known]
    return out
