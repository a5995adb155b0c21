"""Stages of loyalty at the end of every month, and who moved from stage to stage: one pass over the orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.behaviour import EVERYTHING, NO_TIMES, Window, next_period, period_start, resolve, share_interval
from core.errors import Refusal
from core.loyalty.orders import DAY, Orders, micros, read_orders
from core.loyalty.repeat import NO_BUYERS
from core.progress import Step, no_step
from core.segments import STAGES, All, At, Loyalty, LoyaltySettings, Not, Rule, compile_rule, read_schema, settled
from core.store import Query, Store

NOT_YET = "not yet"
"""Where users are who have not ordered by then."""

AHEAD = (1, 3, 6, 12)
"""Months of the outlook."""

_LEARN = LoyaltySettings()
_MOST_MONTHS = 120


@dataclass(frozen=True, eq=False)
class Stages:
    """Stages at the end of each month, and moves between them.

    Attributes:
        window: as asked, with its end filled in.
        settings: the limits between the stages, settled at the window's end.
        points: the moments looked at (UTC, half-open ends of months); the last is the window's end.
        whole: for each step from a point to the next, whether it is a whole month.
        sizes: at (datetime), stage (str), users (int), share (float, of the buyers by then): every pair.
        moves: step (int, from points[step] to the next), was (a stage, or NOT_YET), now, users: pairs that occur.
        matrix: was, now, users (int, over whole months together), of (int, in `was`), share, low, high (float, 95 %):
            every pair of stages; NaN where nobody was in `was`.
        outlook: months (int, 0 = now), stage, users (float), share (of all buyers then), of today's buyers alone
            (`own`, float, share), long_run (float: share after very many months): every pair.
        arrivals: first-time buyers in the mean whole month; None without a whole month.
        problem: why nothing can be shown. note: what to bear in mind.
    """

    window: Window
    settings: LoyaltySettings = _LEARN
    points: tuple[datetime, ...] = ()
    whole: tuple[bool, ...] = ()
    sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    moves: pd.DataFrame = field(default_factory=pd.DataFrame)
    matrix: pd.DataFrame = field(default_factory=pd.DataFrame)
    outlook: pd.DataFrame = field(default_factory=pd.DataFrame)
    arrivals: float | None = None
    problem: str | None = None
    note: str | None = None


def stages(
    store: Store, settings: LoyaltySettings = _LEARN, window: Window = EVERYTHING, *, step: Step = no_step
) -> Stages:
    """The stages of all buyers at the end of each month in the window, seen from all orders before it.

    What a stage is: core.segments.loyalty; at the window's end the same users are in the same stages.
    """
    window = resolve(store, window)
    if window.end is None:
        return Stages(window, problem=NO_TIMES)
    held = read_orders(store, Window(None, window.end), step=step)
    if not len(held.days.user):
        return Stages(window, problem=NO_BUYERS)
    fixed = settled(store, settings, window.end)
    points, whole = _points(held, window)
    if len(points) > _MOST_MONTHS:
        return Stages(window, fixed, problem=f"From the first order on there are more than {_MOST_MONTHS} months."
                      " Choose a later start.")  # fmt: skip
    codes = _codes(held, fixed, points)
    sizes = np.stack([np.bincount(row, minlength=len(STAGES) + 1) for row in codes])[:, 1:]
    moves, matrix = _moves(codes), _matrix(codes, whole)
    outlook, arrivals = _outlook(codes, whole, matrix)
    note = None if any(whole) else "The period holds no whole month yet: no mean month, and no outlook."
    return Stages(window, fixed, points, whole, _sizes(points, sizes), moves, matrix, outlook, arrivals, note=note)


def stage_rule(found: Stages, point: int, stage: str) -> Rule:
    """The rule for the buyers in `stage` at `found.points[point]`."""
    return At(found.points[point], _in_stage(found, stage))


def move_rule(found: Stages, step: int, was: str, now: str) -> Rule:
    """The rule for those who were in `was` (a stage, or NOT_YET) at the step's start and in `now` at its end."""
    before = At(found.points[step], _in_stage(found, was))
    return All((Not(before) if was == NOT_YET else before, stage_rule(found, step + 1, now)))


def stages_users(store: Store, found: Stages, stage: str, point: int, was: str | None = None) -> Query:
    """The users in `stage` at `found.points[point]`; with `was`, those of them in that stage at the point before.

    Raises Refusal `no_such_cell` for a stage or a moment that is none.
    """
    if not (0 if was is None else 1) <= point < len(found.points):
        raise Refusal("no_such_cell", f"There is no month {point + 1} to look at.")
    rule = stage_rule(found, point, stage) if was is None else move_rule(found, point - 1, was, stage)
    return compile_rule(rule, read_schema(store), found.window.end)


def _in_stage(found: Stages, wanted: str) -> Loyalty:
    stages = tuple(stage for stage in STAGES if wanted in (stage, NOT_YET))
    if not stages:
        raise Refusal("no_such_cell", f"There is no stage {wanted!r}.", f"There are: {', '.join(STAGES)}.")
    return Loyalty(stages, found.settings)


def _points(held: Orders, window: Window) -> tuple[tuple[datetime, ...], tuple[bool, ...]]:
    """The ends of months from the first order on (or from the window's start), and the window's end."""
    end = window.end
    assert end is not None
    low = np.datetime64(int(held.days.day.min()), "D").astype(object)
    first = low if window.start is None else max(low, window.start.date())
    month = period_start(first, "month")
    if window.start is None or datetime.combine(month, time.min) < window.start:
        month = next_period(month, "month")
    points: list[datetime] = []
    while datetime.combine(month, time.min) < end:
        points.append(datetime.combine(month, time.min))
        month = next_period(month, "month")
    whole = [True] * max(len(points) - 1, 0)
    if not points or micros(end) > micros(points[-1]):
        whole += [_covers(end, month)] if points else []
        points.append(end)
    return tuple(points), tuple(whole)


def _covers(end: datetime, month: date) -> bool:
    """Whether data that end at `end` cover the month before `month`: to its last day, as all shops sleep at times."""
    return (micros(datetime.combine(month, time.min)) - micros(end)) < DAY


def _codes(held: Orders, fixed: LoyaltySettings, points: tuple[datetime, ...]) -> npt.NDArray[np.int8]:
    """(points, buyers): the stage at each moment: 0 = no buyer yet, else its place in STAGES from 1.

    The same as core.segments.loyalty_sql says of one moment. No day with orders lies on both sides of a moment: those
    between are midnights, and nothing was read after the last.
    """
    days = held.days
    begins = np.flatnonzero(days.first)
    nth = days.number - 1
    upto = np.cumsum(days.orders)
    upto -= np.repeat(upto[begins] - days.orders[begins], np.diff(np.append(begins, len(nth))))
    before = np.where(nth > 0, days.day - np.roll(days.day, 1), 0)
    limits = (fixed.lost_after, fixed.slipping_after, fixed.loyal_orders, fixed.new_within)
    lost, slipping, loyal, new = (limit or 0 for limit in limits)  # settled: none is open
    codes = np.zeros((len(points), len(held.buyers)), dtype=np.int8)
    for out, moment in zip(codes, map(micros, points), strict=True):
        placed = days.began < moment
        rows = np.flatnonzero(placed & (days.last | ~np.append(placed[1:], False)))
        recency = -((days.latest[rows] - moment) // DAY)
        age = -((days.began[rows - nth[rows]] - moment) // DAY)
        out[days.user[rows]] = np.select(
            [recency > lost, recency > slipping, before[rows] >= lost,
             upto[rows] >= loyal, age <= new],
            [6, 5, 4, 3, 1], default=2,
        )  # fmt: skip
    return codes


def _sizes(points: tuple[datetime, ...], sizes: npt.NDArray[np.int64]) -> pd.DataFrame:
    total = sizes.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "at": np.repeat(np.array(points, dtype=object), len(STAGES)),
            "stage": list(STAGES) * len(points),
            "users": sizes.ravel(),
            "share": (sizes / np.maximum(total, 1)).ravel(),
        }
    )


def _moves(codes: npt.NDArray[np.int8]) -> pd.DataFrame:
    size, names = len(STAGES) + 1, (NOT_YET, *STAGES)
    rows = []
    for step in range(len(codes) - 1):
        counts = np.bincount(codes[step].astype(np.int64) * size + codes[step + 1], minlength=size * size)
        rows += [(step, names[c // size], names[c % size], int(counts[c])) for c in np.flatnonzero(counts) if c % size]
    return pd.DataFrame(rows, columns=["step", "was", "now", "users"])


def _matrix(codes: npt.NDArray[np.int8], whole: tuple[bool, ...]) -> pd.DataFrame:
    steps = np.flatnonzero(whole)
    was, now = codes[:-1][steps], codes[1:][steps]
    rows = []
    for a, before in enumerate(STAGES, 1):
        here = was == a
        n = here.sum(axis=0, dtype=np.int64)
        there = n > 0
        own, inside, after = n[there], here[:, there], now[:, there]
        for b, stage in enumerate(STAGES, 1):
            k = (inside & (after == b)).sum(axis=0, dtype=np.int64)
            rows.append((before, stage, int(k.sum()), int(own.sum()), *_share(k, own)))
    return pd.DataFrame(rows, columns=["was", "now", "users", "of", "share", "low", "high"])


def _share(k: npt.NDArray[np.int64], n: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """Of buyer-months the share, with a 95 % interval that knows that a buyer's months are alike.

    The variance of a ratio over clusters (buyers) says how many independent months the buyer-months are worth; with so
    many Wilson's interval is made. Where all or none moved, each buyer counts as one.
    """
    if not len(n):
        return np.nan, np.nan, np.nan
    total, share = n.sum(), k.sum() / n.sum()
    variance = float(((k - share * n) ** 2).sum()) / float(total) ** 2
    worth = min(share * (1 - share) / variance, float(total)) if variance > 0 else float(len(n))
    low, high = share_interval([share * worth], [worth])
    return float(share), float(low[0]), float(high[0])


def _outlook(
    codes: npt.NDArray[np.int8], whole: tuple[bool, ...], matrix: pd.DataFrame
) -> tuple[pd.DataFrame, float | None]:
    """Sizes if every month were as the mean one; a stage that nobody was in keeps whom it has."""
    steps = np.flatnonzero(whole)
    if not len(steps):
        return pd.DataFrame(), None
    size = len(STAGES)
    chance = matrix["share"].to_numpy().reshape(size, size).copy()
    never = np.isnan(chance).any(axis=1)
    chance[never] = np.eye(size)[never]
    fresh = np.zeros(size)
    for step in steps:
        fresh += np.bincount(codes[step + 1][codes[step] == 0], minlength=size + 1)[1:]
    fresh /= len(steps)
    today = np.bincount(codes[-1], minlength=size + 1)[1:].astype(np.float64)
    own, everyone = today.copy(), today.copy()
    long_run = today / today.sum() @ np.linalg.matrix_power(chance, 1 << 14)
    rows = []
    for month in range(max(AHEAD) + 1):
        if month in (0, *AHEAD):
            rows += [
                (month, stage, everyone[n], everyone[n] / everyone.sum(), own[n] / own.sum(), long_run[n])
                for n, stage in enumerate(STAGES)
            ]
        own, everyone = own @ chance, everyone @ chance + fresh
    return pd.DataFrame(rows, columns=["months", "stage", "users", "share", "own", "long_run"]), float(fresh.sum())
