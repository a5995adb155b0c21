"""What the ranking of a list cannot tell, and where it speaks against being on it, in sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.campaigns.candidates import counted
from core.errors import Refusal
from core.interactions import Array
from core.recommend import Recommender


@dataclass(frozen=True, eq=False)
class Ranked:
    """Those who passed the gates, in rank.

    Attributes:
        users: user_no.
        order: float64, falling: what they are ranked by.
        scores: float64: their scores; NaN where the question has none.
        held: bool (n,), of the first n, whom the list takes: whether they are held out.
    """

    users: Array
    order: Array
    scores: Array
    held: Array


def rank_notes(model: Recommender | None, items: Array | None, ranked: Ranked) -> tuple[str, ...]:
    """Notes on users for whom nothing speaks, against whom more speaks than for them, and between whom a lot decided.

    `items`: item_no of the items asked for.
    """
    order, scores, n = ranked.order, ranked.scores, len(ranked.held)
    if not n:
        return ()
    notes: list[str] = []
    against, nothing = int((scores[:n] < 0).sum()), int((scores[:n] == 0).sum())
    if (against or nothing) and _from_nothing(model, items, ranked.users[:n], scores):
        first = f"of the first {n:,} in rank the score is"
        if against:
            notes.append(f"For {counted(against)} {first} below 0: what they did speaks against it more than for it.")
        if nothing:
            notes.append(f"For {counted(nothing)} {first} 0: nothing that they did speaks for it.")
        rest = n - against - nothing
        most = int((~ranked.held[:rest]).sum())
        notes[-1] += f" With up to {most:,} to contact the list is without them." if most else ""
    inside, outside = int((order[:n] == order[n - 1]).sum()), int((order[n:] == order[n - 1]).sum())
    if outside:
        notes.append(
            f"{inside:,} of the first {n:,} in rank and {outside:,} after them rank the same: who of them is on the "
            "list was drawn by lot (a hash of the id)."
        )
    return tuple(notes)


def _from_nothing(model: Recommender | None, items: Array | None, users: Array, scores: Array) -> bool:
    """Whether a score counts from 0 = nothing said, so that its sign speaks.

    So it is where no score is below 0, and where the model itself takes the last one's score apart, exactly, into parts
    of the past that add up from 0. Of the others (with a bias of the item, say, or standardised) the sign says nothing.
    """
    if not scores.min() < 0:
        return True
    if model is None or items is None:
        return False
    columns = model.x.items.rows(items)
    rows = model.x.users.rows(users[-1:])
    known = columns[columns >= 0]
    if not len(known) or rows[0] < 0:
        return False
    try:
        why = model.explain(int(rows[0]), int(known[0]))
    except Refusal:
        return False
    return why.items.exact and why.base == 0 and bool(np.isfinite(why.score))
