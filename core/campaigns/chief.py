"""What the reason in a row is about."""

from __future__ import annotations

import numpy as np

from core.campaigns.candidates import items_asked
from core.campaigns.types import Members, TargetList
from core.interactions import Array
from core.recommend import Recommender
from core.store import Store


def reason_items(store: Store, target: TargetList, model: Recommender, members: Members | None = None) -> Array:
    """int64 (len(members),): the item_no that each member's reason is about; -1 where there is none.

    The first offer; in a list for several items without offers the one among them that the model scores highest for
    this user. `members` are the contacted by default.
    """
    members = target.contacted if members is None else members
    if members.offers.shape[1]:
        return members.offers[:, 0].astype(np.int64)
    found = np.full(len(members), -1, dtype=np.int64)
    items = items_asked(store, target.campaign) if target.campaign.ask in ("item", "category") else None
    if items is None:
        return found
    x = model.x
    columns, rows = x.items.rows(items), x.users.rows(members.user_no)
    columns, known = np.unique(columns[columns >= 0]), np.flatnonzero(rows >= 0)
    if len(columns) and len(known):
        best = model.recommend(rows[known], 1, exclude_seen=False, among=columns).items[:, 0]
        found[known] = np.where(best < 0, -1, x.items.numbers[best])
    return found
