"""Features of like items: which items the same people took, and how near what a user took last is to what came before.

Two items are alike by the cosine of who took them: users of both / root of (users of one x users of the other). It is
worked out for the items that most users took, from a sample of users, so that it stays quick with any amount of data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.features.scan import NO_TIMES, Found, Measure, feature
from core.features.world import World, events
from core.store import Query

ITEMS, USERS, LAST, BEFORE = 2_000, 50_000, 5, 20
_CHUNK = 10_000
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Taken:
    """What users took, sorted by user, latest first.

    user (number), item (place among the `items`), rank (1 = latest), sampled (whether the user is of the sample).
    """

    user: Ints
    item: Ints
    rank: Ints
    sampled: npt.NDArray[np.bool_]
    items: Ints


def alike_measures(world: World) -> tuple[Measure, ...]:
    """The columns that `alike` fills, in its order."""
    lacks = "" if world.timed or world.spec.table == "items" else NO_TIMES
    of = f"the {ITEMS:,} items that most users {_took(world)}"
    who = f"from up to {USERS:,} users drawn by their id, the latest {LAST + BEFORE} items of each"
    if world.spec.table == "users":
        made = feature(
            "like_items_cosine",
            "interaction",
            "0 to 1",
            f"How like the last {LAST} distinct items that they {_took(world)} are to the {BEFORE} before them: mean "
            f"cosine of each with each (users of both / root of users of one x users of the other, this user left "
            f"out), among {of}, {who}. 0 = nobody else took them together.",
            f"They {_took(world)} {LAST} such items or fewer.",
        )
        return (Measure(made, "", lacks=lacks),)
    none = f"It is not among {of}, or nobody of the sample {_took(world)} it with another."
    words = f"among {of}, {who}"
    return tuple(
        Measure(feature(name, "interaction", unit, f"{text}, {words}.", none), "")
        for name, unit, text in (
            ("co_items", "items", f"How many other items its users {_took(world)} too"),
            ("co_top_share", "share", "Share of the most frequent other item in all that its users took besides"),
            (
                "co_concentration",
                "0 to 1",
                "Sum of the squared shares of the other items in all that its users took besides: 1 = one item only",
            ),
            ("nearest_item_cosine", "0 to 1", "Cosine (users of both / root of users of one x of the other) of the "
             "item most like it"),
        )
    )  # fmt: skip


def alike(world: World) -> Found:
    """The values of `alike_measures`, for the users (items) that have any."""
    taken = _taken(world)
    together = _together(taken)
    if world.spec.table == "users":
        return _of_users(taken, together)
    return _of_items(taken, together)


def _of_users(taken: Taken, together: npt.NDArray[np.float64]) -> Found:
    """Mean cosine of the last items with those before, chunk by chunk of users."""
    users, starts = np.unique(taken.user, return_index=True)
    place = np.searchsorted(users, taken.user)
    alone = np.diagonal(together)
    means = np.full(len(users), np.nan)
    for first in range(0, len(users), _CHUNK):
        last = min(first + _CHUNK, len(users))
        begin, end = starts[first], (starts[last] if last < len(users) else len(taken.user))
        grid = np.full((last - first, LAST + BEFORE), -1, dtype=np.int64)
        grid[place[begin:end] - first, taken.rank[begin:end] - 1] = taken.item[begin:end]
        now, then = grid[:, :LAST, None], grid[:, None, LAST:]
        own = taken.sampled[starts[first:last]].astype(float)[:, None, None]
        there = (now >= 0) & (then >= 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = (together[now, then] - own) / np.sqrt((alone[now] - own) * (alone[then] - own))
        total = np.where(there, np.nan_to_num(cosine, posinf=0.0, neginf=0.0), 0.0).sum(axis=(1, 2))
        counted = there.sum(axis=(1, 2))
        means[first:last] = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    return Found(pa.array(users), (pa.array(means, from_pandas=True),))


def _of_items(taken: Taken, together: npt.NDArray[np.float64]) -> Found:
    alone = np.diagonal(together).copy()
    others = together.copy()
    np.fill_diagonal(others, 0.0)
    total = others.sum(axis=1)
    some = total > 0
    share = others[some] / total[some, None]
    cosine = others[some] / np.sqrt(np.maximum(np.outer(alone[some], alone), 1.0))
    values = (
        ((others[some] > 0).sum(axis=1), share.max(axis=1), (share**2).sum(axis=1), cosine.max(axis=1))
        if (some.any())
        else (np.empty(0),) * 4
    )
    return Found(pa.array(taken.items[some]), tuple(pa.array(v.astype(float)) for v in values))


def _together(taken: Taken) -> npt.NDArray[np.float64]:
    """Users of the sample who took both, for each two items; on the diagonal who took the one."""
    from scipy.sparse import csr_matrix

    rows, columns = taken.user[taken.sampled], taken.item[taken.sampled]
    _, rows = np.unique(rows, return_inverse=True)
    shape = (int(rows.max()) + 1 if len(rows) else 1, len(taken.items))
    who = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    return np.asarray((who.T @ who).toarray(), dtype=np.float64)


def _taken(world: World) -> Taken:
    kinds = "kind = 6" if world.has("purchase") else "act"
    pairs = (
        f"SELECT user_no, item_no, coalesce(min(age), 0) AS age FROM e WHERE {kinds} AND user_no IS NOT NULL "
        "AND item_no IS NOT NULL GROUP BY user_no, item_no"
    )
    ranked = (
        "WITH top AS (SELECT item_no, row_number() OVER (ORDER BY n DESC, item_id) - 1 AS item FROM (SELECT item_no, "
        "count(*) AS n FROM pairs GROUP BY item_no) JOIN items USING (item_no) "
        f"QUALIFY item < {ITEMS}), drawn AS (SELECT user_no FROM users SEMI JOIN pairs USING (user_no) "
        f"ORDER BY md5(user_id), user_id LIMIT {USERS}), ranked AS (SELECT user_no, item, row_number() OVER (PARTITION "
        "BY user_no ORDER BY age, item) AS rank FROM pairs JOIN top USING (item_no) "
        f"QUALIFY rank <= {LAST + BEFORE}) SELECT user_no, item, rank, user_no IN (FROM drawn) AS sampled FROM ranked "
        "ORDER BY user_no, rank"
    )
    most = (
        "SELECT item_no, count(*) AS n, any_value(item_id) AS id FROM pairs JOIN items USING (item_no) "
        f"GROUP BY item_no ORDER BY n DESC, id LIMIT {ITEMS}"
    )
    kept = Query("WITH e AS (") + events(world) + f") {pairs}"
    with world.store.scratch() as scratch, scratch.keep("pairs", kept, step=world.step):
        found = scratch.read(Query(ranked), step=world.step)
        known = scratch.read(Query(most), step=world.step)
    user, item, rank = (found.column(n).to_numpy().astype(np.int64) for n in range(3))
    items = known.column(0).to_numpy().astype(np.int64)
    return Taken(user, item, rank, found.column(3).to_numpy().astype(bool), items)


def _took(world: World) -> str:
    return "bought" if world.has("purchase") else "had an event of, impressions left out,"
