"""A funnel by what users, events or items are like: each value's conversion, against all the others'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.behaviour import EVERYTHING, Window, holm, resolve, share_interval
from core.errors import Refusal
from core.funnel.answer import Come
from core.funnel.chance import difference_interval, independent
from core.funnel.question import FunnelSpec
from core.funnel.values import By, Members, members
from core.funnel.walk import Ways
from core.funnel.ways import no_order, these, ways
from core.progress import Step, no_step
from core.store import Query, Store


@dataclass(frozen=True, eq=False)
class FunnelBreakdown:
    """How far each part of the users comes.

    Attributes:
        table: value (str), users (int, began), s0, s1, ... (int, came to each step; s0 = users), share (of those who
            began, to the end), low, high (Wilson 95 %), rest (the share of all who have not this value), difference
            (share - rest), difference_low, difference_high (Newcombe's 95 % interval), p (two-proportion test;
            Fisher's where few), p_holm (corrected for all values). NaN where there is nothing to compare with.
        problem: why nothing can be shown.
    """

    spec: FunnelSpec
    window: Window
    by: By
    table: pd.DataFrame
    problem: str | None = None


def funnel_breakdown(
    store: Store, spec: FunnelSpec, by: By, window: Window = EVERYTHING, *, step: Step = no_step
) -> FunnelBreakdown:
    """The funnel for each value of `by`. Raises as `step_funnel`, and Refusal `bad_breakdown`, `no_category`."""
    window = resolve(store, window)
    problem = no_order(spec, window)
    if problem is not None:
        return FunnelBreakdown(spec, window, by, pd.DataFrame(), problem)
    found = ways(store, spec, window, step)
    if not len(found.users):
        return FunnelBreakdown(spec, window, by, pd.DataFrame(), "Nobody took the first step in this period.")
    parts = members(store, spec, by, found.users, found.first)
    return FunnelBreakdown(spec, window, by, _table(found, parts, len(spec.steps)))


def _table(found: Ways, parts: Members, n: int) -> pd.DataFrame:
    all_began, all_done = len(found.reached), int((found.reached == n).sum())
    came = np.array(
        [np.bincount(parts.values[found.reached[parts.units] > i], minlength=len(parts.labels)) for i in range(n)]
    )
    began, done = came[0], came[-1]
    low, high = share_interval(done, began)
    table = pd.DataFrame({"value": parts.labels, "users": began, **{f"s{i}": came[i] for i in range(n)}})
    table = table.assign(share=done / np.maximum(began, 1), low=low, high=high)
    against = []
    for k, m in zip(done.tolist(), began.tolist(), strict=True):
        k2, m2 = all_done - k, all_began - m
        if not m or not m2:
            against.append((float("nan"),) * 5)
            continue
        rest = k2 / m2
        against.append((rest, k / m - rest, *difference_interval(k, m, k2, m2), independent(k, m - k, k2, m2 - k2)))
    names = ["rest", "difference", "difference_low", "difference_high", "p"]
    table[names] = pd.DataFrame(against, columns=names, index=table.index, dtype="float64")
    # in or out of one segment is one comparison told twice
    twice = len(parts.labels) == 2 and began.sum() == all_began
    known = table["p"].notna()
    table["p_holm"] = float("nan")
    table.loc[known, "p_holm"] = table.loc[known, "p"] if twice else holm(table.loc[known, "p"].tolist())
    return table


def funnel_breakdown_users(
    store: Store,
    spec: FunnelSpec,
    by: By,
    value: str,
    step: int,
    window: Window = EVERYTHING,
    *,
    come: Come = "came",
) -> Query:
    """The users (`user_no`) of one `value` of the breakdown who came to step `step`; "lost": and not to the next."""
    found = ways(store, spec, resolve(store, window))
    parts = members(store, spec, by, found.users, found.first)
    if value not in parts.labels or not 0 <= step < len(spec.steps):
        raise Refusal("no_such_part", f"This funnel has no part {value!r}, step {step + 1}.")
    here = np.zeros(len(found.users), dtype=np.bool_)
    here[parts.units[parts.values == parts.labels.index(value)]] = True
    return these(found.users[here & (found.reached == step + 1 if come == "lost" else found.reached > step)])
