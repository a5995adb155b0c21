"""What a user has ever had to do with, and who has had to do with an item: whatever a matrix leaves out of it."""

from __future__ import annotations

import numpy as np

from core.interactions.build import RETURNED
from core.interactions.question import MatrixSpec
from core.interactions.types import Array
from core.store import Query, Store


def taken_by(store: Store, spec: MatrixSpec, user_no: int) -> Array:
    """int32, rising: item_no of all that the user has had to do with, up to the end of the data.

    By the events that weigh something, and without what was wholly returned, as in the matrix; but whenever it was, so
    that a window, a half-life, `until` or a least activity bring nothing back that the user has.
    """
    return _pairs(store, spec, "item_no", "user_no", user_no)


def takers_of(store: Store, spec: MatrixSpec, item_no: int) -> Array:
    """int32, rising: user_no of all who have had to do with the item; see `taken_by`."""
    return _pairs(store, spec, "user_no", "item_no", item_no)


def _pairs(store: Store, spec: MatrixSpec, wanted: str, given: str, number: int) -> Array:
    words = [str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events ORDER BY event"))]
    used = tuple(word for word in words if spec.weight(word) > 0 and word != "purchase")
    marks = ", ".join("?" * len(used)) or "NULL"
    asked = Query(f"SELECT {wanted} AS no FROM events WHERE {given} = ? AND {wanted} IS NOT NULL", (number,))
    if store.as_of() is not None:
        asked += Query(" AND (at_utc < ? OR at_utc IS NULL)", (store.as_of(),))
    asked += Query(f" GROUP BY 1 HAVING bool_or(event IN ({marks}) AND (event <> 'rating' OR rating > 0))", used)
    if spec.weight("purchase") > 0:
        asked += Query(f" OR (bool_or(event = 'purchase') AND NOT coalesce({RETURNED}, false))")
    return np.asarray(store.read(asked + " ORDER BY 1")["no"].to_numpy(), dtype=np.int32)
