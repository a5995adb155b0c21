"""From events to ratings: the latest rating of each user for each item."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa

from core.interactions import Array, IdMap
from core.progress import Step, no_step
from core.recommend.ratings.types import Ratings, no_ratings
from core.store import Query, Store

_NEVER = np.iinfo(np.int64).min


def build_ratings(store: Store, *, until: datetime | None = None, step: Step = no_step) -> Ratings:
    """The ratings of a workspace: of any event that carries one and names user and item, the latest of each pair.

    Of two at the same moment, or both without a time, the higher counts. `until` (UTC): only what was rated before;
    ratings without a time then never count. `times` is None where no rating has one; a rating without a time among
    others has the least int64, before all.
    Raises Refusal `no_ratings`.
    """
    period = Query(" AND at_utc < ?", (until,)) if until else Query("")
    latest = "max({'t': coalesce(at_utc, TIMESTAMP '0001-01-01'), 'r': rating::DOUBLE})"
    found = store.read(
        Query(
            f"SELECT user_no, item_no, latest.r AS rating, epoch_us(nullif(latest.t, TIMESTAMP '0001-01-01')) AS at"
            f" FROM (SELECT user_no, item_no, {latest} AS latest FROM events"
            " WHERE rating IS NOT NULL AND isfinite(rating::DOUBLE) AND user_no IS NOT NULL AND item_no IS NOT NULL"
        )
        + period
        + " GROUP BY user_no, item_no) ORDER BY user_no, item_no",
        step=step,
    )
    if not found.num_rows:
        raise no_ratings()
    user_nos, users = np.unique(found["user_no"].to_numpy(), return_inverse=True)
    item_nos, items = np.unique(found["item_no"].to_numpy(), return_inverse=True)
    values = found["rating"].to_numpy().astype(np.float64)
    at = found["at"]
    times = None if at.null_count == len(at) else at.fill_null(_NEVER).to_numpy().astype(np.int64)
    return Ratings(
        users.astype(np.int64),
        items.astype(np.int64),
        values,
        times,
        _named(store, "user", user_nos),
        _named(store, "item", item_nos),
        float(values.min()),
        float(values.max()),
        store.version,
    )


def _named(store: Store, what: str, numbers: Array) -> IdMap:
    sql = {
        "user": "SELECT user_no AS no, user_id AS id FROM users ORDER BY 1",
        "item": "SELECT item_no AS no, item_id AS id FROM items ORDER BY 1",
    }
    table = store.read(Query(sql[what]))
    place = np.searchsorted(table["no"].to_numpy(), numbers)
    ids = table["id"].take(pa.array(place)).combine_chunks()
    return IdMap(numbers.astype(np.int32), ids.cast(pa.string()), what)
