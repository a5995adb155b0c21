"""The reasons of a whole list: one sentence a row, as on the pages, with few questions to the workspace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from core.explain.past import Past, pasts_of_pairs
from core.explain.tables import item_labels
from core.explain.telling import Gist, Labels, gist, in_words
from core.interactions import Array
from core.progress import Step, no_step
from core.recommend import Recommender
from core.store import Store

_AT_A_TIME = 1_000  # rows: one question to the workspace each
_UNKNOWN = "No reason can be given, since the model does not know this item."


def reasons(
    store: Store,
    model: Recommender,
    user_nos: Sequence[int] | Array,
    item_nos: Sequence[int] | Array,
    *,
    step: Step = no_step,
) -> list[str]:
    """For each pair of user_no and item_no why `model` gives this user this item, as `why` says it, without the rank.

    "" where item_no is -1 (no item). A sentence never holds another user's id, and speaks of similar users only from
    10 on. Users and items that the matrix lacks get a sentence that says so.
    Raises ValueError where the two are not of one length, Cancelled.
    """
    users, items = np.asarray(user_nos, dtype=np.int64), np.asarray(item_nos, dtype=np.int64)
    if users.shape != items.shape:
        raise ValueError(f"{len(users)} users for {len(items)} items")
    found = [""] * len(users)
    asked = np.flatnonzero(items >= 0)
    titles: dict[int, str] = {}
    for begin in range(0, len(asked), _AT_A_TIME):
        step.report(begin / len(asked), "finding reasons")
        part = asked[begin : begin + _AT_A_TIME]
        for place, words in zip(
            part.tolist(), _some(store, model, users[part], items[part], titles, step), strict=True
        ):
            found[place] = words
    step.report(1.0, "reasons found")
    return found


def _some(
    store: Store, model: Recommender, users: Array, items: Array, titles: dict[int, str], step: Step
) -> list[str]:
    """The sentences of one portion; `titles` (item_no -> title) grows by what was not asked for before."""
    x = model.x
    gists = _gists(model, x.users.rows(users), x.items.rows(items), step)
    pairs = np.array(
        [
            (user, int(x.items.numbers[column]))
            for user, told in zip(users.tolist(), gists, strict=True)
            if told is not None
            for column in told.columns
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    titles |= item_labels(store, set(pairs[:, 1].tolist()) - titles.keys())
    past: defaultdict[int, dict[int, Past]] = defaultdict(dict)
    for (user, item), did in pasts_of_pairs(store, pairs[:, 0], pairs[:, 1], x.until, step=step).items():
        past[user][item] = did
    words = x.facts.get("words")
    used = None if words is None else tuple(words)
    return [
        _UNKNOWN if told is None else in_words(model, told, Labels(past.get(user, {}), titles, used))
        for user, told in zip(users.tolist(), gists, strict=True)
    ]


def _gists(model: Recommender, rows: Array, columns: Array, step: Step) -> list[Gist | None]:
    """None where the matrix lacks the item."""
    found: list[Gist | None] = []
    with threadpool_limits(1, user_api="blas"):  # thousands of small products: waking threads for each takes longer
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            step.check()
            if column < 0:
                found.append(None)
            elif row >= 0:
                found.append(gist(model, model.explain(row, column)))
            else:
                found.append(_stranger(model, column))
    return found


def _stranger(model: Recommender, column: int) -> Gist:
    """The gist for a user without a row: a model that scores everybody alike says of them what it says of anyone."""
    if model.scores_everyone and model.x.shape[0]:
        anyone = gist(model, model.explain(0, column))
        if anyone.everyone is not None:
            return replace(anyone, history=False, seen=False)
    return Gist(column, (), False, False, False, None, 0, 0.0, False, False, False, 0)
