"""Attention against outcome: what is looked at more, or less, than its sales deserve.

An item is over-watched where clearly fewer of those who look at it buy it than is usual, under-watched where clearly
more do. Both are said only where chance is ruled out (core.attention.shrink).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.attention.outcome_ask import (
    Attention,
    Who,
    attention_there,
    labels,
    pairs,
    prices,
    totals,
    users_of,
    usual_groups,
)
from core.attention.share_areas import ITEM, Area
from core.attention.shrink import SPREADS, shrink, usual_rate
from core.behaviour import EVERYTHING, Window, resolve
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

Against = Literal["category", "all"]
Verdict = Literal["over-watched", "under-watched", "as expected", "not judged"]
ENOUGH_ITEMS, ENOUGH_BUYERS = 20, 50
"""A category has a usual rate of its own from so many viewed items and buyers on; others go by the whole shop's."""

MARGIN = 0.25
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_SIDES: Mapping[int, Verdict] = {-1: "over-watched", 1: "under-watched", 0: "as expected"}
NO_VIEWS = (
    "No views: nothing says who looked and did not buy, so nothing is called over- or under-watched. Shown instead: how"
    " each one's share of the orders compares with its share of the net revenue."
)


@dataclass(frozen=True)
class OutcomeSpec:
    """What is held against what.

    Attributes:
        area: items, a column of theirs (a category), of the events, or an attribute of the users.
        attention: "views", "looks" (views, clicks, searches, favourites), "dwell" (seconds), or "orders" where nothing
            else is known; None = the first of these that the data have.
        against: items are held against the usual rate of their category where it has enough of them, or of all.
        margin: how far off the usual rate counts, as a part of it; 0 = any difference that is no chance.
    """

    area: Area = ITEM
    attention: Attention | None = None
    against: Against = "category"
    margin: float = MARGIN

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1:
            raise Refusal("bad_margin", f"A margin of {self.margin:g} makes no sense.", "Choose from 0 to below 1.")


@dataclass(frozen=True, eq=False)
class Outcome:
    """Attention against outcome.

    Attributes:
        spec: as asked, with `attention` settled. window: as asked, settled.
        table: key (int item_no or str), id, label, group (category that it is held against; None = all), attention,
            attention_share, revenue (net), revenue_share, viewers, buyers (users who looked and bought later, not
            wholly returned), rate, usual, shrunk, low, high (95 % interval of the rate), wrong (chance that the call
            is wrong), verdict, expected (buyers at the usual rate), missed (expected less actual; below 0 = more than
            expected), missed_low, missed_high, price (mean paid for a unit, else the catalogue's; NaN unknown),
            missed_value (missed x price). The most attention first. Where nothing is judged: NaN from viewers on,
            with orders in the place of attention.
        usual: category -> its usual rate, None = of all.
        judged: whether rates are known at all. calls: verdict -> how many. expected_wrong: the share of the calls
            that is expected to be wrong. weights: how things differ: relative spread -> share of the things.
        missed, missed_value: expected less actual buyers of all that is over-watched, and their worth where prices are
            known. total, revenue: attention and net revenue of the window, of all that name an area.
        no_attention: how many were bought but not looked at.
        note: what else to know, "" = nothing. problem: why nothing can be shown.
    """

    spec: OutcomeSpec
    window: Window
    table: pd.DataFrame
    usual: Mapping[str | None, float]
    judged: bool
    calls: Mapping[str, int]
    expected_wrong: float = 0.0
    weights: Mapping[float, float] | None = None
    total: float = 0.0
    revenue: float = 0.0
    no_attention: int = 0
    missed: float = 0.0
    missed_value: float = 0.0
    note: str = ""
    problem: str | None = None


def outcome(
    store: Store, spec: OutcomeSpec | None = None, window: Window = EVERYTHING, *, step: Step = no_step
) -> Outcome:
    """Attention, purchases and verdict for each item (or other area) in `window`."""
    window = resolve(store, window)
    spec = spec or OutcomeSpec()
    attention = spec.attention or attention_there(store)
    spec = OutcomeSpec(spec.area, attention, spec.against, spec.margin)
    sums = totals(store, spec.area, attention, window)
    if sums.empty:
        problem = "Nothing in this period was looked at or bought. " + (
            "Choose a longer period." if window.start else "Load views or purchases that name items to see this."
        )
        return Outcome(spec, window, pd.DataFrame(), {}, False, {}, problem=problem)
    step.report(0.3, "Who looked, and who bought")
    total, revenue = float(sums["attention"].sum()), float(sums["revenue"].sum())
    table = labels(store, spec.area, sums)
    table["attention_share"] = table["attention"] / (total or np.nan)
    table["revenue_share"] = table["revenue"] / (revenue if revenue > 0 else np.nan)
    unlooked = int(((table["attention"] == 0) & (table["units"] > 0)).sum())
    if attention == "orders" or spec.area.of not in ("item", "items"):
        note = (
            NO_VIEWS
            if attention == "orders"
            else (f"Shares only: who looks under one {spec.area.column} may buy under another, so no rates are shown.")
        )
        table = _unjudged(table)
        return Outcome(spec, window, table, {}, False, {}, 0.0, None, total, revenue, unlooked, note=note)
    table = table.merge(pairs(store, spec.area, attention, window), on="key", how="left")
    table[["viewers", "buyers"]] = table[["viewers", "buyers"]].fillna(0).astype("int64")
    step.report(0.8, "Verdicts")
    return _judged(store, spec, window, table, total, revenue, unlooked)


def outcome_users(store: Store, found: Outcome, key: int | str, who: Who) -> Query:
    """The users (`user_no`) behind one row of an Outcome.

    "viewers": who looked; "buyers": who looked and bought then; "missed": who looked and did not buy then; "traders":
    who bought or returned it, whether or not they had looked.
    """
    return users_of(found.spec.area, found.spec.attention or "views", found.window, key, who)


def _unjudged(table: pd.DataFrame) -> pd.DataFrame:
    return _ordered(table.assign(verdict="not judged"))


def _judged(
    store: Store, spec: OutcomeSpec, window: Window, table: pd.DataFrame, total: float, revenue: float, unlooked: int
) -> Outcome:
    usual = _usual(store, spec, table)
    table["usual"] = [usual.get(group, usual[None]) for group in table["group"]]
    table["group"] = [group if group in usual else None for group in table["group"]]
    seen = shrink(table["buyers"], table["viewers"], table["usual"].fillna(0.0), spec.margin)
    viewers = table["viewers"]
    table["rate"] = table["buyers"] / viewers.where(viewers > 0)
    table["shrunk"], table["low"], table["high"], table["wrong"] = seen.rate, seen.low, seen.high, seen.wrong
    table["verdict"] = [
        _SIDES[int(side)] if known else "not judged"
        for side, known in zip(seen.side, ~np.isnan(seen.rate), strict=True)
    ]
    table["expected"] = viewers * table["usual"]
    table["missed"] = table["expected"] - table["buyers"]
    table["missed_low"], table["missed_high"] = (
        viewers * (table["usual"] - table["high"]),
        viewers * (table["usual"] - table["low"]),
    )
    table["price"] = table["gross"] / table["units"].where(table["units"] > 0)
    table["price"] = table["price"].fillna(table["key"].map(prices(store, spec.area)))
    table["missed_value"] = table["missed"] * table["price"]
    calls: dict[str, int] = {verdict: int((table["verdict"] == verdict).sum()) for verdict in VERDICTS}
    note = ""
    if not viewers.any():
        note = "Nobody who looked is known by an id, so nothing can be judged."
    elif window.end is None:
        note = "These events carry no time: a buyer is whoever looked and bought, in whatever order."
    elif not seen.weights:
        note = f"Too few {spec.area.name} values to learn how they differ: each is judged by its own numbers alone."
    elif spec.area.of == "items":
        note = (
            "Who looked at anything of it and bought anything of it. It is easier to buy something of a wide range than"
            " of a narrow one: compare those of like size."
        )
    over = table[table["verdict"] == "over-watched"]
    weights = dict(zip(SPREADS, seen.weights, strict=True)) if seen.weights else None
    return Outcome(
        spec, window, _ordered(table), usual, bool(viewers.any()), calls, seen.expected_wrong, weights, total, revenue,
        unlooked, float(over["missed"].sum()), float(over["missed_value"].sum()), note,
    )  # fmt: skip


def _usual(store: Store, spec: OutcomeSpec, table: pd.DataFrame) -> dict[str | None, float]:
    """The usual rate of all (None), and of each category with enough viewed items; sets the column `group`."""
    table["group"] = None
    if spec.area.of == "item" and spec.against == "category":
        table["group"] = table["key"].map(usual_groups(store)).astype(object)
        table["group"] = table["group"].where(table["group"].notna(), None)
    if spec.area.of != "item":
        # few, large and of all sizes: the rate of all of them together, not that of a typical one
        return {None: float(table["buyers"].sum() / (table["viewers"].sum() or np.nan))}
    usual: dict[str | None, float] = {None: usual_rate(table["buyers"], table["viewers"])}
    for group, rows in table[table["viewers"] > 0].groupby("group"):
        if len(rows) >= ENOUGH_ITEMS and rows["buyers"].sum() >= ENOUGH_BUYERS:
            usual[str(group)] = usual_rate(rows["buyers"], rows["viewers"])
    return usual


_COLUMNS = (
    "key", "id", "label", "group", "attention", "attention_share", "revenue", "revenue_share", "viewers", "buyers",
    "rate", "usual", "shrunk", "low", "high", "wrong", "verdict", "expected", "missed", "missed_low", "missed_high",
    "price", "missed_value",
)  # fmt: skip


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    made = table.reindex(columns=list(_COLUMNS))
    return made.sort_values(["attention", "revenue", "id"], ascending=[False, False, True]).reset_index(drop=True)
