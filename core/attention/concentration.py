"""How concentrated attention is: whether a few items draw most of it, and whether that grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.attention.share_areas import COUNT_WORDS, ITEM, Area, Counts, by_item, default_counts, keyed
from core.behaviour import (
    EVERYTHING,
    NO_TIMES,
    Unit,
    Window,
    grid,
    in_period,
    period_of_event,
    resolve,
    too_many,
    unit_for,
)
from core.progress import Step, no_step
from core.store import Query, Store, ident

Floats = npt.NDArray[np.float64]
Top = Literal["top1", "top10", "half", "rest"]
FEW_EACH, FEW_THINGS = 5, 20
_CURVE = 200
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


@dataclass(frozen=True)
class Concentration:
    """How unevenly one amount is spread over things. Shares are of 0 to 1; None where there is nothing to spread.

    Attributes:
        things: over how many it is spread, those with nothing included where they belong. total: the amount.
        gini: 0 = all alike, towards 1 = one has all; of things - 1 over things at most.
        gini_by_chance: what Gini would be if every thing drew alike and chance alone made the difference (Poisson);
            None for amounts that are no counts.
        hhi: Herfindahl-Hirschman, the sum of squared shares; 1/hhi = spread as if evenly over so many.
        top1, top10: share of the first hundredth and tenth of the things, the largest first (at least one thing);
            in_top1, in_top10: how many things that is. half: the fewest things that have half of it.
    """

    things: int = 0
    total: float = 0.0
    gini: float | None = None
    gini_by_chance: float | None = None
    hhi: float | None = None
    top1: float | None = None
    top10: float | None = None
    in_top1: int = 0
    in_top10: int = 0
    half: int = 0

    @property
    def as_if(self) -> float | None:
        """Spread as if evenly over this many things."""
        return 1 / self.hhi if self.hhi else None

    @property
    def few(self) -> bool:
        """So little that chance makes much of the unevenness."""
        return self.things < FEW_THINGS or self.total < FEW_EACH * self.things


@dataclass(frozen=True, eq=False)
class Concentrated:
    """Concentration of attention.

    Attributes:
        area, counts, window, unit: as asked, settled.
        seen: over the things that got any. known: over all things of the catalogue (items, or the values of the
            column), those that nobody looked at included, each with nothing; None for columns of the events.
        curve: over ("seen" or "known"), things, attention (shares of 0 to 1): the Lorenz curves, the least watched
            first, thinned to some 200 points.
        trend: start, end, complete, things, total, gini, gini_by_chance, hhi, top10 (over what got any attention in
            the period). Empty without times. note: why it is. problem: why nothing can be shown.
    """

    area: Area
    counts: Counts
    window: Window
    unit: Unit
    seen: Concentration
    known: Concentration | None
    curve: pd.DataFrame
    trend: pd.DataFrame
    note: str = ""
    problem: str | None = None


def concentration(
    store: Store,
    area: Area = ITEM,
    counts: Counts | None = None,
    unit: Unit | None = None,
    window: Window = EVERYTHING,
    *,
    step: Step = no_step,
) -> Concentrated:
    """How attention is spread over items (or the values of `area`), in `window` and in each `unit` of it."""
    window = resolve(store, window)
    counts = counts or default_counts(store)
    unit = unit or unit_for(store, window)
    values = _values(store, area, counts, window)
    if not values.size:
        problem = f"Nothing in this period counts as attention here ({COUNT_WORDS[counts]})."
        empty = Concentration()
        return Concentrated(area, counts, window, unit, empty, None, pd.DataFrame(), pd.DataFrame(), "", problem)
    whole = counts != "dwell"
    seen, known = measured(values, counts=whole), None
    curves = [_curve(values, "seen")]
    catalogue = _catalogue(store, area)
    if catalogue is not None:
        all_of_them = np.concatenate([np.zeros(max(0, catalogue - values.size)), values])
        known = measured(all_of_them, counts=whole)
        curves.append(_curve(all_of_them, "known"))
    step.report(0.4, "Trend")
    note = NO_TIMES if window.end is None else too_many(store, window, unit) or ""
    trend = pd.DataFrame() if note else _trend(store, area, counts, unit, window)
    return Concentrated(area, counts, window, unit, seen, known, pd.concat(curves, ignore_index=True), trend, note)


def concentration_users(store: Store, found: Concentrated, top: Top, start: date | None = None) -> Query:
    """The users (`user_no`) who gave attention to the first hundredth ("top1"), tenth, half of it, or to the "rest".

    "rest": to none of the things that have the first half. In the period that begins on `start`, or the whole window.
    """
    window = found.window if start is None else in_period(found.window, start, found.unit)
    ranked = _ranked(found.area, found.counts, window)
    row = store.rows(Query("SELECT count(*) AS n FROM (") + ranked + ")")[0]
    things = int(row["n"])
    # first `many` of them: the smallest number that holds half the attention, or a hundredth, or a tenth
    first = {"top1": f"place <= {_first(things, 100)}", "top10": f"place <= {_first(things, 10)}"}
    chosen = first.get(top, "before < total / 2")
    keys = Query("SELECT key FROM (") + ranked + f") WHERE {chosen}"
    events = keyed(found.area, found.counts, window.condition())
    users = Query("SELECT DISTINCT user_no FROM (") + events + ") WHERE user_no IS NOT NULL AND area_key "
    return users + ("NOT IN (" if top == "rest" else "IN (") + keys + ")"


def measured(values: Floats, *, counts: bool = True) -> Concentration:
    """Concentration of `values` (each 0 or more; one for each thing). `counts`: they are numbers of events.

    >>> even = measured(np.ones(4))
    >>> even.gini, even.hhi, even.as_if, even.half
    (0.0, 0.25, 4.0, 2)
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    n, total = x.size, float(x.sum())
    if not n or total <= 0:
        return Concentration(things=n)
    ranks = np.arange(1, n + 1)
    gini = float(((2 * ranks - n - 1) * x).sum() / (n * total))
    one, ten = _first(n, 100), _first(n, 10)
    down = np.cumsum(x[::-1])
    return Concentration(
        things=n,
        total=total,
        gini=gini,
        gini_by_chance=_by_chance(total / n) if counts else None,
        hhi=float(((x / total) ** 2).sum()),
        top1=float(down[one - 1] / total),
        top10=float(down[ten - 1] / total),
        in_top1=one,
        in_top10=ten,
        half=int(np.searchsorted(down, total / 2) + 1),
    )


def _first(things: int, part: int) -> int:
    return max(1, -(-things // part))


def _by_chance(mean: float) -> float:
    """Gini of Poisson counts of this mean: E|X - Y| / 2 mean = exp(-2 mean) (I0(2 mean) + I1(2 mean))."""
    from scipy.special import ive

    return float(ive(0, 2 * mean) + ive(1, 2 * mean))


def _curve(values: Floats, over: str) -> pd.DataFrame:
    x = np.sort(values)
    share = np.concatenate([[0.0], np.cumsum(x) / x.sum()])
    place = np.linspace(0, 1, share.size)
    if share.size > _CURVE:
        # even steps along things and along attention, so that the steep end keeps its shape
        wanted = np.linspace(0, 1, _CURVE // 2)
        kept = np.union1d(np.searchsorted(place, wanted), np.searchsorted(share, wanted))
        kept = np.union1d(kept.clip(0, share.size - 1), [0, share.size - 1])
        place, share = place[kept], share[kept]
    return pd.DataFrame({"over": over, "things": place, "attention": share})


def _aggregate(counts: Counts) -> str:
    return {"dwell": "sum(dwell)", "users": "count(DISTINCT user_no)"}.get(counts, "count(*)") + "::DOUBLE"


def _sums(area: Area, counts: Counts, window: Window) -> Query:
    """key, value of every thing that got attention; without what has no key."""
    value = _aggregate(counts)
    if area.of == "items" and counts != "users":
        each = by_item(area, counts, window.condition(), value)
        return Query("SELECT area_key AS key, sum(value) AS value FROM (") + each + ") WHERE key IS NOT NULL GROUP BY 1"
    events = keyed(area, counts, window.condition())
    return Query(f"SELECT area_key AS key, {value} AS value FROM (") + events + ") WHERE key IS NOT NULL GROUP BY 1"


def _values(store: Store, area: Area, counts: Counts, window: Window) -> Floats:
    found = store.read(Query("SELECT value FROM (") + _sums(area, counts, window) + ")")
    return np.asarray(found.column("value").to_numpy(), dtype=np.float64)


def _ranked(area: Area, counts: Counts, window: Window) -> Query:
    """key, place (from 1, the largest first, ties by key), before (the attention of those before it), total."""
    order = "ORDER BY value DESC, key"
    return (
        Query(
            f"SELECT key, row_number() OVER ({order}) AS place, sum(value) OVER () AS total,"
            f" sum(value) OVER ({order} ROWS UNBOUNDED PRECEDING) - value AS before FROM ("
        )
        + _sums(area, counts, window)
        + ")"
    )


def _catalogue(store: Store, area: Area) -> int | None:
    """How many things there are, watched or not; None where only events name them."""
    if area.of == "event":
        return None
    if area.of == "item":
        query = Query("SELECT count(*) AS n FROM items")
    else:
        value = f"unnest(CAST({ident(area.column)} AS VARCHAR[]))" if area.lists else ident(area.column)
        table_ = "items" if area.of == "items" else "users"
        query = Query(f"SELECT count(DISTINCT v) AS n FROM (SELECT {value} AS v FROM {table_})")
    return int(store.rows(query)[0]["n"])


def _trend(store: Store, area: Area, counts: Counts, unit: Unit, window: Window) -> pd.DataFrame:
    """The columns of Concentrated.trend."""
    periods = grid(store, window, unit)
    events = keyed(area, counts, window.condition())
    sums = (
        Query(
            f"SELECT start, value FROM (SELECT {period_of_event(unit)} AS start, area_key,"
            f" {_aggregate(counts)} AS value FROM ("
        )
        + events
        + ") WHERE area_key IS NOT NULL AND at_utc IS NOT NULL GROUP BY ALL)"
    )
    found = store.read(sums).to_pandas(date_as_object=False).sort_values("start", kind="stable")
    starts = found["start"].to_numpy().astype("datetime64[D]")
    values = found["value"].to_numpy(dtype=np.float64)
    rows = []
    for start in periods["start"]:
        low, high = (np.searchsorted(starts, np.datetime64(start), side) for side in _SIDES)
        one = measured(values[low:high], counts=counts != "dwell")
        rows.append((one.things, one.total, one.gini, one.gini_by_chance, one.hhi, one.top10))
    columns = ["things", "total", "gini", "gini_by_chance", "hhi", "top10"]
    measures = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], float))
    return pd.concat([periods, measures], axis=1)
