"""The users behind a part of a stored comparison: those who were judged, told apart as they were then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.errors import Refusal
from core.evaluate.people import people
from core.evaluate.split import Portion, hold_out
from core.evaluate.stored import get_run, run_users
from core.evaluate.types import CompareSpec, Comparison
from core.interactions import Interactions, build
from core.store import Query, Store


def part_users(store: Store, run_id: str, by: str, part: str, model: str | None = None, hit: bool = True) -> Query:
    """Query of user_no: the judged users of a part; with `model` those whose list held a right item (`hit`) or none.

    `by` and `part` as in SegmentScore. A history is as long as it was in the part that models learnt from, so that
    part is made again: a second or so on large data. Raises Refusal `unknown_run_id`, `stale_run` where the data have
    changed since, `unknown_part`.
    """
    run = get_run(store, run_id)
    assert isinstance(run.answer, Comparison)
    if run.stale:
        raise Refusal(
            "stale_run", "The data have changed since this comparison.", "Compare again to see who its users are."
        )
    judged = store.read(Query("SELECT DISTINCT user_no FROM run_users WHERE run_id = ? ORDER BY user_no", (run_id,)))
    user_nos = judged["user_no"].to_numpy().astype(np.int64)
    x = _learnt_from(store, run.answer.spec) if by == "history" else None
    found = people(store, by, x, user_nos)
    if part not in found.parts:
        raise Refusal("unknown_part", f"There is no part {part!r}.", f"Parts: {', '.join(found.parts)}.")
    chosen = user_nos[found.part == found.parts.index(part)]
    listed = Query(
        "SELECT CAST(unnest(string_split(?, ',')) AS INTEGER) AS user_no", (",".join(map(str, chosen.tolist())),)
    )
    if model is None:
        return listed
    return Query("SELECT user_no FROM (") + run_users(run_id, model, hit) + ") WHERE user_no IN (" + listed + ")"


def _learnt_from(store: Store, spec: CompareSpec) -> Interactions:
    """The part that models learnt from, as `prepare_compare` made it: the whole matrix where folds are.

    Only lengths of histories are looked at there.
    """
    if spec.split == "k-fold":
        return build(store, replace(spec.matrix, least_user_items=1, least_item_users=1))
    return hold_out(store, spec.matrix, spec.split, seed=spec.seed, portion=Portion(spec.share)).fit
