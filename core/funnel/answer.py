"""A funnel's figures: who came to each step, how long it took, how it goes over time; and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.behaviour import EVERYTHING, Unit, Window, covered, grid, period_start, resolve, share_interval, too_many
from core.errors import Refusal
from core.funnel.question import FunnelSpec
from core.funnel.rows import Ints
from core.funnel.walk import Ways
from core.funnel.ways import no_order, not_held, these, ways
from core.funnel.written import step_label
from core.progress import Step, no_step
from core.store import Query, Store

Come = Literal["came", "lost"]
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
EDGES = (
    0, 10, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
    _DAY, 2 * _DAY, 3 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 60 * _DAY, 90 * _DAY, 180 * _DAY, 365 * _DAY,
)  # fmt: skip
"""Seconds at which the bars of "how long it takes" begin; the last has no end."""


@dataclass(frozen=True, eq=False)
class StepFunnel:
    """How many came to each step.

    Attributes:
        spec, window: as asked; the window with its end filled in.
        table: step (str), event (str), users (int; visits where they are counted), share_of_first,
            share_of_previous (float; NaN where that is zero, and of the first step), first_low, first_high, low, high
            (their Wilson 95 % intervals), lost (int, came to this step and not to the next; 0 for the last),
            p25_seconds, median_seconds, p75_seconds (from the step before to this one, on each way taken; NaN where
            nobody came or moments are not known).
        took: step (int; 0 = from the first step to the last), low, high (seconds, half-open; high may be inf), users.
        overall: share of those who began that came to the end; NaN where nobody began. low, high: its interval.
        people: distinct users behind the first step and behind the last.
        convert: seconds from the first event of the way to the last for those who came to the end: p25, median, p75.
        problem: why nothing can be shown.
    """

    spec: FunnelSpec
    window: Window
    table: pd.DataFrame
    took: pd.DataFrame
    overall: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    people: tuple[int, int] = (0, 0)
    convert: tuple[float, float, float] = (float("nan"),) * 3
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class FunnelTrend:
    """Conversion by when the first step was taken.

    With a time limit, a user counts in each period in which a way of theirs starts, with the furthest of that period's
    ways; without one, only in the period of the first start. So nobody's later luck is put down to an earlier period.

    Attributes:
        table: start, end (date; half-open), users (int), converted (int), share, low, high (Wilson 95 %; NaN without
            users), complete (bool: the period lies wholly in the data, and the time limit of all its ways is over).
        problem: why nothing can be shown.
    """

    spec: FunnelSpec
    window: Window
    unit: Unit
    table: pd.DataFrame
    problem: str | None = None


def step_funnel(store: Store, spec: FunnelSpec, window: Window = EVERYTHING, *, step: Step = no_step) -> StepFunnel:
    """Who came to each step of `spec` within `window`. Known users only: events that name nobody count for none.

    Raises BadRule for a step that the data cannot have, Refusal `bad_funnel`, `bad_steps`, `no_category`.
    """
    window = resolve(store, window)
    problem = not_held(store, spec) or no_order(spec, window)
    if problem is not None:
        return StepFunnel(spec, window, pd.DataFrame(), pd.DataFrame(), problem=problem)
    found = ways(store, spec, window, step)
    n = len(spec.steps)
    users = np.array([int((found.reached > i).sum()) for i in range(n)])
    if not users[0]:
        what = "visit" if spec.per == "visits" else "known user"
        nobody = f"No {what} has the first step, {step_label(spec.steps[0])}, in this period."
        return StepFunnel(spec, window, pd.DataFrame(), pd.DataFrame(), problem=nobody)
    before = np.append(np.nan, users[:-1].astype(float))
    before[before == 0] = np.nan
    first_low, first_high = share_interval(users, np.full(n, users[0]))
    low, high = share_interval(users, np.nan_to_num(before))
    times = [(float("nan"),) * 3, *(_quartiles(_seconds(found, i)) for i in range(1, n))]
    table = pd.DataFrame(
        {
            "step": [step_label(each) for each in spec.steps],
            "event": [each.event for each in spec.steps],
            "users": users,
            "share_of_first": users / users[0],
            "share_of_previous": users / before,
            "first_low": first_low, "first_high": first_high, "low": low, "high": high,
            "lost": np.append(users[:-1] - users[1:], 0),
            "p25_seconds": [t[0] for t in times],
            "median_seconds": [t[1] for t in times],
            "p75_seconds": [t[2] for t in times],
        }
    )  # fmt: skip
    done = found.users[found.reached == n]
    return StepFunnel(
        spec,
        window,
        table,
        _took(found, n),
        float(users[-1] / users[0]),
        float(first_low[-1]),
        float(first_high[-1]),
        (_distinct(found.users), _distinct(done)),
        _quartiles(_seconds(found, 0)),
    )


def funnel_trend(
    store: Store, spec: FunnelSpec, unit: Unit, window: Window = EVERYTHING, *, step: Step = no_step
) -> FunnelTrend:
    """Conversion per `unit` in which the first step was taken. Raises as `step_funnel`."""
    window = resolve(store, window)
    problem = no_order(spec, window)
    if problem is None and window.end is None:
        problem = "These events carry no time, so conversion cannot be shown over time."
    problem = problem or too_many(store, window, unit)
    if problem is not None:
        return FunnelTrend(spec, window, unit, pd.DataFrame(), problem)
    found = ways(store, spec, window, step)
    periods = grid(store, window, unit)
    if periods.empty or not len(found.days):
        return FunnelTrend(spec, window, unit, pd.DataFrame(), "Nobody took the first step in this period.")
    _, place, most = _unit_periods(found, periods["start"].tolist())
    users = np.bincount(place, minlength=len(periods))
    converted = np.bincount(place[most == len(spec.steps)], minlength=len(periods))
    low, high = share_interval(converted, users)
    over = _over_by(store, spec, window)
    complete = [
        bool(whole) and datetime.combine(end, datetime.min.time()) <= over
        for whole, end in zip(periods["complete"], periods["end"], strict=True)
    ]
    with np.errstate(invalid="ignore"):
        shares = np.where(users > 0, converted / np.maximum(users, 1), np.nan)
    table = pd.DataFrame(
        {
            "start": periods["start"], "end": periods["end"], "users": users, "converted": converted,
            "share": shares, "low": low, "high": high, "complete": complete,
        }
    )  # fmt: skip
    return FunnelTrend(spec, window, unit, table)


def _over_by(store: Store, spec: FunnelSpec, window: Window) -> datetime:
    """Starts before this moment have had all of their time."""
    span = covered(store, window)
    end = span[1] if span else datetime.max
    if spec.limit is None:
        return end
    limit = timedelta(microseconds=spec.limit)
    return end - limit if end - datetime.min > limit else datetime.min


def _unit_periods(found: Ways, starts: list[date]) -> tuple[Ints, Ints, Ints]:
    """For each unit and period in which it started: both their places, and how many steps it came through at most."""
    firsts = np.array(starts, dtype="datetime64[D]").astype(np.int64)
    which = np.searchsorted(firsts, found.days[:, 1], side="right") - 1
    key = found.days[:, 0] * (len(firsts) + 1) + which
    fresh = np.ones(len(key), dtype=np.bool_)
    np.not_equal(key[1:], key[:-1], out=fresh[1:])
    begins = np.flatnonzero(fresh)
    return found.days[begins, 0], which[begins], np.maximum.reduceat(found.days[:, 2], begins)


def step_funnel_users(
    store: Store,
    spec: FunnelSpec,
    step: int,
    window: Window = EVERYTHING,
    *,
    come: Come = "came",
    took: tuple[int, float, float] | None = None,
) -> Query:
    """The users (`user_no`) who came to step number `step` (from 0); with "lost", who came to it and not to the next.

    With `took` = (step, low, high) only those whose time to that step (0 = from first to last) lies in the bar; of
    visits, the users of at least one such visit. Raises Refusal `no_such_step`.
    """
    _check_step(spec, step, come)
    found = ways(store, spec, resolve(store, window))
    chosen = found.reached == step + 1 if come == "lost" else found.reached > step
    if took is not None:
        which, low, high = took
        _check_step(spec, which, "came")
        seconds = _seconds(found, which)
        chosen &= (seconds >= low) & (seconds < high)
    return these(found.users[chosen])


def funnel_trend_users(
    store: Store, spec: FunnelSpec, unit: Unit, start: date, window: Window = EVERYTHING, *, come: Come = "came"
) -> Query:
    """The users who took the first step in the period that begins on `start` and came to the end ("lost": did not)."""
    window = resolve(store, window)
    found = ways(store, spec, window)
    starts = [] if window.end is None else grid(store, window, unit)["start"].tolist()
    if start not in starts:
        raise Refusal("no_such_period", f"No {unit} of this funnel begins on {period_start(start, unit)}.")
    of, which, most = _unit_periods(found, starts)
    here = which == starts.index(start)
    done = most == len(spec.steps)
    return these(found.users[of[here & (done if come == "came" else ~done)]])


def _check_step(spec: FunnelSpec, step: int, come: Come) -> None:
    last = len(spec.steps) - (2 if come == "lost" else 1)
    if not 0 <= step <= last:
        raise Refusal(
            "no_such_step", f"The funnel has no step {step + 1} to ask for.", f"It has {len(spec.steps)} steps."
        )


def _seconds(found: Ways, step: int) -> npt.NDArray[np.float64]:
    """(units,): from the step before to this one; for 0 from the first event to the last step; NaN where not known."""
    at = found.at[:, step] if step else found.at[:, -1]
    before = found.begun if not step else found.at[:, step - 1]
    # far from any moment of real data: never, unknown, and what a way without moments accumulates to
    far = np.int64(1) << 62
    known = (at < far) & (at > -far) & (before < far) & (before > -far)
    return np.where(known, (np.where(known, at, 0) - np.where(known, before, 0)) / 1e6, np.nan)


def _distinct(rising: Ints) -> int:
    """How many different numbers there are among rising ones: np.unique would hash all of them."""
    return int(np.count_nonzero(rising[1:] != rising[:-1])) + bool(len(rising))


def _quartiles(seconds: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    seconds = seconds[~np.isnan(seconds)]
    if not len(seconds):
        return (float("nan"),) * 3
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return float(low), float(middle), float(high)


def _took(found: Ways, n: int) -> pd.DataFrame:
    rows = []
    for step in range(n):
        seconds = _seconds(found, step)
        counts, _ = np.histogram(seconds[~np.isnan(seconds)], bins=[*EDGES, np.inf])
        rows += [(step, low, high, int(c)) for low, high, c in zip(EDGES, (*EDGES[1:], np.inf), counts, strict=True)]
    return pd.DataFrame(rows, columns=["step", "low", "high", "users"])
