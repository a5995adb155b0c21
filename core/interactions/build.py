"""From events to the matrix: their weights added up for each pair, then numbering."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from core.errors import Refusal
from core.interactions.pairs import MOST_EVENTS, Pairs, of_events, of_table, seen_at
from core.interactions.question import MatrixSpec
from core.interactions.sides import Need, side_of
from core.interactions.types import Array, IdMap, Interactions
from core.progress import Step, no_step
from core.store import NAMES, Query, Store, joined

# Weights are added as whole billionths: sums of doubles differ in their last digits with the order of the threads, and
# the same data must give the same matrix, to the byte.
_UNIT = 1e9

# Of an event that weighs something, however long ago: else a half-life would delete old behaviour, and lists would
# offer what users have had for long.
_LEAST = 1

# Of the events of one user and one item: all that was bought has been returned.
RETURNED = """bool_or(event = 'return')
    AND sum(coalesce(quantity, CASE event WHEN 'return' THEN -1 ELSE 1 END))
        FILTER (event IN ('purchase', 'return')) <= 0"""


def build(
    store: Store,
    spec: MatrixSpec | None = None,
    *,
    needs: Collection[Need] = (),
    wide: bool = False,
    step: Step = no_step,
) -> Interactions:
    """The matrix of a workspace.

    `needs`: what the models ask for beside it (core.recommend.needs): "user_side", "item_side" add those tables.
    `wide`: also users and items of the workspace without any pair have a row (column), an empty one: for models that
    serve new users or new items.

    A pair is kept where its weight is above 0: an item bought and wholly returned does not count as bought, though
    views of it still do; what was done many half-lives ago still counts a little. Anonymous events and events without
    an item never enter. Events without a time enter where the question names no time (no `until`, window or half-life).
    `facts` of the result: `events` (that weigh something), `pairs`, `users_dropped`, `items_dropped` (by the least
    activity), `top_rating` (None without ratings), `words` (their event words).
    Raises Refusal `no_interactions` where nothing is left, `unknown_event` for a weight of an event word that is
    neither in the data nor in the vocabulary.
    """
    spec = spec or MatrixSpec()
    version = store.version
    until = spec.until or store.as_of()
    if until is None and (spec.window or spec.half_life):
        raise Refusal("no_times", "These data have no times.", "Leave out the window and the half-life.")
    words = [str(row["event"]) for row in store.rows(Query("SELECT DISTINCT event FROM events ORDER BY event"))]
    _check_weights(spec, words)
    used = {word: spec.weight(word) for word in words if spec.weight(word) > 0}
    found, top_rating = _found(store, spec, until, words, used, step.part(0.0, 0.8)) if used else (None, None)
    if found is None or not len(found.users):
        raise _nothing(used)
    pairs = found.only(_active(found.users, found.items, spec))
    if not len(pairs.users):
        raise _nothing(used)
    whole = len(pairs.users) == len(found.users)
    facts = {
        "events": int(pairs.events.sum()),
        "pairs": len(pairs.users),
        "users_dropped": 0 if whole else len(_distinct(found.users)) - len(_distinct(pairs.users)),
        "items_dropped": 0 if whole else len(_distinct(found.items)) - len(_distinct(pairs.items)),
        "top_rating": top_rating,
        "words": list(used),
    }
    step.report(0.9, "numbering users and items")
    matrix, users, items = _numbered(pairs)
    if wide:
        matrix, users, items = _widened(store, matrix, users, items)
    return Interactions(
        matrix,
        _named(store, "user", users),
        _named(store, "item", items),
        until,
        version,
        pairs.first,
        facts,
        side_of(store, "user", users) if "user_side" in needs else None,
        side_of(store, "item", items) if "item_side" in needs else None,
    )


def _found(
    store: Store, spec: MatrixSpec, until: Any, words: list[str], used: dict[str, float], step: Step
) -> tuple[Pairs, float | None]:
    """The pairs that weigh something, and the top of the ratings' scale.

    Ratings, of which the latest counts alone, are left to SQL, and so are more events than fit in memory, or in the
    whole numbers of 64 bits that weights are added in.
    """
    events = int(store.rows(Query("SELECT count(*) AS n FROM events"))[0]["n"])
    timed = until is not None
    if "rating" in words or events > MOST_EVENTS or events * max(used.values()) * _UNIT >= 2**62:
        table = store.read(_pairs(spec, until, used), step=step)
        return of_table(table, timed=timed), table["top_rating"][0].as_py() if table.num_rows else None
    return of_events(store, _weighed(spec, until, words, used), timed=timed, step=step), None


def _weighed(spec: MatrixSpec, until: Any, words: list[str], used: dict[str, float]) -> Query:
    """user_no, item_no, weight (in _UNIT), seen: one row for each event that weighs something; no ratings.

    A purchase of an item that the user has wholly returned is a row of weight 0.
    """
    period = _period(spec, until)
    marks = ", ".join("?" * len(used))
    rows = Query(f" FROM events WHERE user_no IS NOT NULL AND item_no IS NOT NULL AND event IN ({marks})", tuple(used))
    weight = _weigh(used) + " * " + _decay(spec, until)
    weight = Query(f"greatest({_LEAST}, round(") + weight + " * 1e9)::BIGINT)"
    if "return" in words:
        pair = "(user_no::BIGINT << 32) + item_no"
        back = Query(f"{pair} IN (SELECT {pair} FROM events WHERE event IN ('purchase', 'return')")
        back += Query(" AND user_no IS NOT NULL AND item_no IS NOT NULL") + period
        back += Query(f" GROUP BY user_no, item_no HAVING {RETURNED})")
        weight = Query("CASE WHEN event = 'purchase' AND ") + back + " THEN 0 ELSE " + weight + " END"
    return Query("SELECT user_no, item_no, ") + weight + " AS weight" + seen_at(until is not None) + rows + period


def _weigh(used: dict[str, float]) -> Query:
    cases = joined(" ", [Query("WHEN ? THEN ?", (word, weight)) for word, weight in used.items()])
    return Query("CASE event ") + cases + " ELSE 0.0 END"


def _decay(spec: MatrixSpec, until: Any) -> Query:
    if not spec.half_life:
        return Query("1.0")
    age = Query("date_diff('microsecond', at_utc, ?) / 86400e6", (until,))
    return Query("power(0.5, ") + age + Query(" / ?)", (spec.half_life,))


def _pairs(spec: MatrixSpec, until: Any, used: dict[str, float]) -> Query:
    """user_no, item_no, weight (in _UNIT), first_seen (microseconds), events, top_rating: one row a pair."""
    rating = used.get("rating", 0.0)
    weigh, decay = _weigh(used), _decay(spec, until)
    each = Query("SELECT user_no, item_no, event, at_utc, quantity, rating, ") + weigh + " AS w, " + decay + " AS decay"
    whole = f"CASE WHEN w > 0 THEN greatest({_LEAST}, round(w * decay * 1e9)::BIGINT) ELSE 0 END"
    each = Query(f"SELECT *, {whole} AS whole FROM (") + each
    each = each + " FROM events WHERE user_no IS NOT NULL AND item_no IS NOT NULL" + _period(spec, until) + ")"
    grouped = """
        SELECT user_no, item_no,
            coalesce(sum(whole) FILTER (event NOT IN ('rating', 'purchase')), 0) AS other,
            CASE WHEN {returned} THEN 0
                ELSE coalesce(sum(whole) FILTER (event = 'purchase'), 0) END AS bought,
            {latest} AS latest,
            count(*) FILTER (w > 0) AS events,
            min(epoch_us(at_utc)) FILTER (w > 0) AS first_seen
        FROM ("""
    # the greatest of structs is dear, even over no rows at all
    latest = """max({'t': coalesce(at_utc, TIMESTAMP '0001-01-01'), 'r': rating, 'd': decay})
                FILTER (event = 'rating' AND rating IS NOT NULL)"""
    grouped = grouped.replace("{returned}", RETURNED)
    grouped = grouped.replace("{latest}", latest if rating else "NULL::STRUCT(t TIMESTAMP, r DOUBLE, d DOUBLE)")
    # the 99th percentile, not the highest: one mistyped 55 among stars from 1 to 5 must not shrink all the others
    top = Query("(SELECT quantile_disc(rating, 0.99) FROM events WHERE event = 'rating' AND rating > 0)")
    rated = Query(f"coalesce(CASE WHEN latest.r > 0 THEN greatest({_LEAST}, round(? * 1e9 * least(1, ", (rating,))
    rated = rated + "latest.r / " + top + ") * latest.d)::BIGINT) END, 0)"
    weighed = Query("SELECT user_no, item_no, (other + bought + ") + rated + ")::DOUBLE AS weight, first_seen, events, "
    return (
        Query("SELECT * FROM (")
        + weighed
        + top
        + " AS top_rating FROM ("
        + grouped
        + each
        + ") GROUP BY user_no, item_no)) WHERE weight > 0"
    )


def _period(spec: MatrixSpec, until: Any) -> Query:
    if until is None:
        return Query("")
    if spec.window:
        since = Query(" AND at_utc >= ?::TIMESTAMP - to_microseconds(?)", (until, round(spec.window * 86_400_000_000)))
        return since + Query(" AND at_utc < ?", (until,))
    if spec.until or spec.half_life:
        return Query(" AND at_utc < ?", (until,))
    return Query(" AND (at_utc < ? OR at_utc IS NULL)", (until,))


def _active(users: Array, items: Array, spec: MatrixSpec) -> Array:
    """Bool (pairs,): the largest part in which every user and every item is active enough."""
    kept = np.ones(len(users), dtype=bool)
    if spec.least_user_items <= 1 and spec.least_item_users <= 1:
        return kept
    while True:
        enough = np.bincount(users[kept], minlength=users.max() + 1) >= spec.least_user_items
        popular = np.bincount(items[kept], minlength=items.max() + 1) >= spec.least_item_users
        still = kept & enough[users] & popular[items]
        if still.sum() == kept.sum():
            return kept
        kept = still


def _numbered(pairs: Pairs) -> tuple[csr_matrix, Array, Array]:
    """The matrix, and the numbers of its rows and columns, both rising."""
    user_nos, item_nos = _distinct(pairs.users), _distinct(pairs.items)
    places = np.zeros(int(item_nos[-1]) + 1, dtype=np.int32)  # by the number: a look-up, much quicker than searching
    places[item_nos] = np.arange(len(item_nos))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(pairs.users)[user_nos])])
    data = (pairs.weights / _UNIT).astype(np.float32)
    matrix = csr_matrix((data, places[pairs.items], indptr), shape=(len(user_nos), len(item_nos)))
    matrix.has_sorted_indices = True
    return matrix, user_nos, item_nos


def _widened(store: Store, matrix: csr_matrix, users: Array, items: Array) -> tuple[csr_matrix, Array, Array]:
    """The same with an empty row for every other user, and an empty column for every other item, of the workspace."""
    every_user = store.read(Query("SELECT user_no AS no FROM users ORDER BY 1"))["no"].to_numpy().astype(np.int32)
    every_item = store.read(Query("SELECT item_no AS no FROM items ORDER BY 1"))["no"].to_numpy().astype(np.int32)
    lengths = np.zeros(len(every_user), dtype=np.int64)
    lengths[np.searchsorted(every_user, users)] = np.diff(matrix.indptr)
    columns = np.searchsorted(every_item, items).astype(np.int32)[matrix.indices]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(matrix.indptr.dtype)
    made = csr_matrix((matrix.data, columns, indptr), shape=(len(every_user), len(every_item)))
    made.has_sorted_indices = True
    return made, every_user, every_item


def _distinct(numbers: Array) -> Array:
    """As np.unique, without sorting: numbers are dense."""
    return np.flatnonzero(np.bincount(numbers)).astype(np.int32)


def _named(store: Store, what: str, numbers: Array) -> IdMap:
    sql = {
        "user": "SELECT user_no AS no, user_id AS id FROM users",
        "item": "SELECT item_no AS no, item_id AS id FROM items",
    }
    table = store.read(Query(sql[what] + " ORDER BY 1"))
    place = np.searchsorted(table["no"].to_numpy(), numbers)
    ids = table["id"].take(pa.array(place)).combine_chunks()
    return IdMap(numbers, ids.cast(pa.string()), what)


def _check_weights(spec: MatrixSpec, words: list[str]) -> None:
    """A mistyped word must not pass in silence: its weight would change nothing."""
    for word, _ in spec.weights:
        if word not in words and word not in NAMES:
            others = ", ".join(name for name in NAMES if name not in words)
            raise Refusal(
                "unknown_event",
                f"There is no event {word!r} to weigh.",
                f"In these data: {', '.join(words[:40]) or 'none'}. Known besides: {others or 'none'}.",
            )


def _nothing(used: dict[str, float]) -> Refusal:
    if not used:
        return Refusal(
            "no_interactions",
            "None of the events in these data weigh anything.",
            "Give at least one event a weight above 0, or load views, carts, purchases or ratings.",
        )
    return Refusal(
        "no_interactions",
        "With these settings no user has done anything with an item.",
        "Choose a longer period or a lower least activity, or load events that name users and items.",
    )
