"""Share of attention: which items, categories, channels or countries get how much of it, and how that changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from core.attention.share_areas import (
    COUNT_WORDS,
    ITEM,
    NOT_GIVEN,
    OTHERS,
    Area,
    Counts,
    by_item,
    coded,
    default_counts,
    keyed,
)
from core.attention.share_sums import Sums, sums
from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Unit,
    Window,
    grid,
    in_period,
    item_names,
    resolve,
    table,
    too_many,
    unit_for,
)
from core.errors import Refusal
from core.progress import Step, no_step
from core.store import Query, Store

MOST_TOP = 20
_NOTHING = "Nothing in this period counts as attention here ({words}). Count something else, or choose a longer period."


@dataclass(frozen=True)
class ShareSpec:
    """How attention is divided. counts None = views, or all events where there are no views; top: how many areas."""

    area: Area = ITEM
    counts: Counts | None = None
    top: int = 7

    def __post_init__(self) -> None:
        if not 1 <= self.top <= MOST_TOP:
            raise Refusal("bad_top", f"{self.top} areas cannot be shown.", f"Choose from 1 to {MOST_TOP}.")


@dataclass(frozen=True, eq=False)
class Share:
    """Who gets the attention.

    Attributes:
        spec: as asked, with `counts` settled. window, unit: as asked, settled.
        areas: code (0.. the leading ones, OTHERS, NOT_GIVEN), key (int item_no, str or None), id, label, value, share
            (of all attention in the window; of all its users for counts "users", where shares can add up to over 1).
            The largest first, then all others, then not given.
        table: start, end (date), complete (bool), code, label, value, total, share, low, high (95 % interval of the
            share, as users differ; NaN where it is not known). Every period with every code. Empty without times.
        changes: code, label, before, share, change, low, high (shares of 0 to 1): the last whole period against the
            whole one before it; empty where there are not two. changed: the first days of these two.
        groups: how many areas got any attention. total: all attention in the window. unnamed: of it, without a user.
        note: why nothing is shown over time; "" = it is. problem: why nothing can be shown at all.
    """

    spec: ShareSpec
    window: Window
    unit: Unit
    areas: pd.DataFrame
    table: pd.DataFrame
    changes: pd.DataFrame
    changed: tuple[date, date] | None = None
    groups: int = 0
    total: float = 0.0
    unnamed: float = 0.0
    note: str = ""
    problem: str | None = None


def share(
    store: Store,
    spec: ShareSpec | None = None,
    unit: Unit | None = None,
    window: Window = EVERYTHING,
    *,
    step: Step = no_step,
) -> Share:
    """How attention is divided among the areas of `spec`, in `window` and in each `unit` of it (None: as suits it).

    What one user does is never taken for independent: intervals follow from how groups of users differ (Sums).
    """
    window = resolve(store, window)
    spec = spec or ShareSpec()
    spec = ShareSpec(spec.area, spec.counts or default_counts(store), spec.top)
    counts = spec.counts or "views"
    unit = unit or unit_for(store, window)
    nothing = pd.DataFrame()
    leading, groups = _leading(store, spec, counts, window)
    note = NO_TIMES if window.end is None else too_many(store, window, unit) or ""
    periods = nothing if note else grid(store, window, unit)
    step.report(0.3, "Shares by period")
    starts = [] if periods.empty else periods["start"].tolist()
    found, totals, total = sums(store, spec.area, counts, unit, window, leading, starts)
    if not totals:
        problem = _NOTHING.format(words=COUNT_WORDS[counts])
        return Share(spec, window, unit, nothing, nothing, nothing, problem=problem)
    values = {code: total for code, (total, _) in totals.items()}
    named = _labelled(store, spec, values, leading, groups, total)
    unnamed = sum(part for _, part in totals.values())
    if periods.empty:
        return Share(spec, window, unit, named, nothing, nothing, None, groups, total, unnamed, note)
    over_time = _over_time(periods, found, named)
    changed, moved = _changes(periods, found, named)
    return Share(spec, window, unit, named, over_time, moved, changed, groups, total, unnamed)


def share_users(store: Store, found: Share, code: int, start: date | None = None) -> Query:
    """The users (`user_no`) behind one area of a Share, in the period that begins on `start` or in all its window."""
    window = found.window if start is None else in_period(found.window, start, found.unit)
    leading = [key for key, c in zip(found.areas["key"], found.areas["code"], strict=True) if c >= 0]
    events = coded(found.spec.area, found.spec.counts or "views", window.condition(), leading)
    return Query("SELECT DISTINCT user_no FROM (") + events + Query(") WHERE user_no IS NOT NULL AND code = ?", (code,))


def _leading(store: Store, spec: ShareSpec, counts: Counts, window: Window) -> tuple[list[int | str], int]:
    """The keys of the leading areas, and how many areas there are."""
    events = keyed(spec.area, counts, window.condition())
    value = {"users": "count(DISTINCT user_no)", "dwell": "sum(dwell)"}.get(counts, "count(*)")
    grouped = Query(f"SELECT area_key AS key, {value} AS value FROM (") + events + ") GROUP BY area_key"
    if spec.area.of == "items" and counts != "users":
        # added up by item first: names are then looked up once for each item, not for each event
        grouped = (
            Query("SELECT area_key AS key, sum(value) AS value FROM (")
            + by_item(spec.area, counts, window.condition(), value)
            + ") GROUP BY key"
        )
    best = table(
        store,
        Query("SELECT key, count(*) OVER () AS groups FROM (")
        + grouped
        + Query(") WHERE key IS NOT NULL ORDER BY value DESC, key LIMIT ?", (spec.top,)),
    )
    keys: list[int | str] = [int(k) if spec.area.of == "item" else str(k) for k in best["key"]]
    groups = int(best["groups"].iloc[0]) if len(best) else 0
    return keys, groups


def _labelled(
    store: Store, spec: ShareSpec, values: dict[int, float], leading: list[int | str], groups: int, total: float
) -> pd.DataFrame:
    """The columns of Share.areas."""
    names = item_names(store, [int(k) for k in leading]) if spec.area.of == "item" else {}
    rows = []
    for code, key in enumerate(leading):
        own, label = names.get(int(key), (str(key), str(key))) if names else (str(key), str(key))
        rows.append((code, key, own, label))
    rest: list[tuple[int, int | str | None, str | None, str]] = [
        (OTHERS, None, None, f"All others ({groups - len(leading):,})"),
        (NOT_GIVEN, None, None, "Not given"),
    ]
    made = pd.DataFrame([*rows, *rest], columns=["code", "key", "id", "label"], dtype=object)
    made = made[[code in values for code in made["code"]]].reset_index(drop=True)
    made["code"] = made["code"].astype(int)
    made["value"] = made["code"].map(values).astype(float)
    made["share"] = made["value"] / total
    return made


def _over_time(periods: pd.DataFrame, found: Sums, named: pd.DataFrame) -> pd.DataFrame:
    """The columns of Share.table."""
    ratio, half = found.shares()
    labels = dict(zip(named["code"], named["label"], strict=True))
    made = periods.merge(pd.DataFrame({"code": list(found.codes)}), how="cross")
    made["label"] = made["code"].map(labels)
    made["value"] = found.part.sum(axis=2).ravel()
    made["total"] = np.repeat(found.whole.sum(axis=1), len(found.codes))
    made["share"] = ratio.ravel()
    made["low"], made["high"] = np.clip((ratio - half).ravel(), 0, 1), np.clip((ratio + half).ravel(), 0, 1)
    return made


def _changes(periods: pd.DataFrame, found: Sums, named: pd.DataFrame) -> tuple[tuple[date, date] | None, pd.DataFrame]:
    """The columns of Share.changed and Share.changes."""
    whole = [n for n, complete in enumerate(periods["complete"]) if complete and found.whole[n].any()]
    if len(whole) < 2 or whole[-1] != whole[-2] + 1:
        return None, pd.DataFrame()
    now, then = whole[-1], whole[-2]
    moved, half = found.change(now, then)
    ratio = found.shares()[0]
    labels = dict(zip(named["code"], named["label"], strict=True))
    made = pd.DataFrame({"code": list(found.codes), "label": [labels[c] for c in found.codes]})
    made["before"], made["share"] = ratio[then], ratio[now]
    made["change"], made["low"], made["high"] = moved, moved - half, moved + half
    return (found.starts[then], found.starts[now]), made
