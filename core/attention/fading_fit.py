"""How fast counts per day fade after a beginning: half-life, floor, and what chance alone may do to both.

The expected count of an item on day t after its launch is its own level times

    s(t) = floor + (1 - floor) * 0.5 ** (t / half_life),      t in the middle of the day,

so that an item's level never matters: given how much attention it had in all the days it was watched, only how that is
spread over them is judged (the Poisson likelihood, conditional on each item's total). An item launched 20 days before
the end says something about 20 days and nothing about the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

FROM_DAY = 1
"""The launch day itself is left out: a launch is an item's first event, so that day is never empty."""

FEWEST_EVENTS, FEWEST_ITEMS = 30, 5
DRAWS = 200
_HALF = np.geomspace(0.5, 720.0, 72)
_FLOOR = np.concatenate([[0.0, 0.01, 0.02, 0.03], np.linspace(0.045, 0.96, 34)])
_SLOPE = np.linspace(-8.0, 8.0, 321)
_JOINT = 2.9957  # half the 95 % point of chi square with two degrees of freedom: half-life and floor together
_DROP = 1.9207  # half the 95 % point of chi square with one degree of freedom


@dataclass(frozen=True)
class Fade:
    """How the attention of some items fades.

    Attributes:
        items, events: how many items, and how many of their events from the day after launch on.
        half_life: days in which what is above the floor halves; None where no fading can be shown.
        low, high: its 95 % interval; `high` None = longer than these data can tell.
        floor: what stays in the end, as a share of the level at launch; floor_low, floor_high: its interval.
        halved: days after which attention is half of that at launch; None where the floor is above a half.
        by: what the intervals rest on: "items" (drawn again and again) or "events" (taken as independent).
        problem: why no half-life is told.
    """

    items: int
    events: int
    half_life: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    floor_low: float | None = None
    floor_high: float | None = None
    halved: float | None = None
    by: str = "items"
    problem: str | None = None


def shape(days: int, half_life: npt.ArrayLike, floor: npt.ArrayLike) -> Floats:
    """The share s of each day (…, days) for half-lives and floors that broadcast."""
    middle = np.arange(days) + 0.5
    half, least = np.asarray(half_life, dtype=float)[..., None], np.asarray(floor, dtype=float)[..., None]
    return np.asarray(least + (1 - least) * 0.5 ** (middle / half))


def fade(counts: npt.NDArray[np.float32], observed: Whole, *, seed: int = 1) -> Fade:
    """Fit s to the events of items by day since launch.

    Args:
        counts: (items, days); zero from day `observed` on.
        observed: (items,): whole days that each item could be watched, at most `days`.
        seed: of the draws behind the intervals.
    """
    items, days = counts.shape
    late = counts[:, FROM_DAY:]
    own = late.sum(axis=1, dtype=np.float64)
    events = int(own.sum())
    used = int((observed > FROM_DAY).sum())
    if events < FEWEST_EVENTS:
        return Fade(used, events, problem=f"Only {events} events after the launch day; it takes {FEWEST_EVENTS}.")
    totals = np.zeros((items, days + 1), dtype=np.float32)
    totals[np.arange(items), observed] = own
    day_sums, total_sums = late.sum(axis=0, dtype=np.float64), totals.sum(axis=0, dtype=np.float64)
    likely = _likelihood(days)
    drawn = items >= FEWEST_ITEMS
    day_draws, total_draws = day_sums[None], total_sums[None]
    if drawn:
        # who is drawn how often (the Poisson bootstrap): each draw is a sum of rows, no item is copied
        weights = np.random.default_rng(seed).poisson(1.0, (DRAWS, items)).astype(np.float32)
        day_draws, total_draws = (weights @ late).astype(float), (weights @ totals).astype(float)
        slopes = _SLOPE[np.argmax(likely.of_slopes(day_draws, total_draws), axis=1)]
        fades = float(np.quantile(slopes, 0.975)) < 0
    else:
        line = likely.of_slopes(day_draws, total_draws)[0]
        fades = bool(_SLOPE[line >= line.max() - _DROP].max() < 0)
    by = "items" if drawn else "events"
    if not fades:
        said = "No fading can be shown: attention that stays as it is would look like this too."
        return Fade(used, events, by=by, problem=said)
    half, least = _best(day_sums, total_sums, likely)
    near = _around(day_sums, total_sums, half, least, days)
    surface = near.of(day_sums[None], total_sums[None])[0]
    inside = surface >= surface.max() - _JOINT
    low, high, floor_low, floor_high = _ends(near.halves[inside], near.floors[inside], 0.0)
    if drawn:
        # The wider of both: draws know how items differ, but where the floor is near zero (it cannot be below) they
        # lie too close together, which the region of the likelihood does not.
        best = np.argmax(near.of(day_draws, total_draws), axis=1)
        drawn_ends = _ends(near.halves[best], near.floors[best], 0.025)
        low, floor_low = min(low, drawn_ends[0]), min(floor_low, drawn_ends[2])
        high, floor_high = max(high, drawn_ends[1]), max(floor_high, drawn_ends[3])
    longest = high >= _HALF[-2]
    return Fade(
        used, events, half, min(low, half), None if longest else max(high, half), least, min(floor_low, least),
        max(floor_high, least), _halved(half, least), by,
    )  # fmt: skip


def spread(days: int, fit: Fade, counts: npt.NDArray[np.float32], observed: Whole) -> Floats:
    """What the fit expects of these items on each day, per item watched on it; NaN without a fit, or without items."""
    if fit.half_life is None or fit.floor is None:
        return np.full(days, np.nan)
    s = shape(days, fit.half_life, fit.floor)
    reached = np.concatenate([[0.0], np.cumsum(np.where(np.arange(days) < FROM_DAY, 0.0, s))])
    share = reached[observed]
    own = counts[:, FROM_DAY:].sum(axis=1, dtype=np.float64)
    level = np.divide(own, share, out=np.zeros(len(own)), where=share > 0)
    alive = np.bincount(observed, minlength=days + 1)[::-1].cumsum()[::-1][1:]
    levels = np.bincount(observed, weights=level, minlength=days + 1)[::-1].cumsum()[::-1][1:]
    return np.asarray(np.divide(levels * s, alive, out=np.full(days, np.nan), where=alive > 0))


def each_half_life(counts: npt.NDArray[np.float32], observed: Whole, floor: float) -> tuple[Floats, Floats, Floats]:
    """Every item's own half-life in days with its 95 % interval, drawn towards that of the others (items,) x 3.

    Empirical Bayes: how half-lives differ between items (a normal of their logarithm) is learned from all of them, and
    each item's own events then move it away from there as far as they are many. The floor is that of all items.
    """
    days = counts.shape[1]
    s = shape(days, _HALF, floor)[:, FROM_DAY:]
    reach = np.concatenate([np.full((len(_HALF), 1), 1.0), np.cumsum(s, axis=1)], axis=1)  # by days watched - 1
    late = counts[:, FROM_DAY:].astype(float)
    own = late.sum(axis=1)
    likely = late @ np.log(s).T - own[:, None] * np.log(reach[:, np.maximum(observed - FROM_DAY, 0)]).T
    likely -= likely.max(axis=1, keepdims=True)
    x = np.log(_HALF)
    middles, widths = np.meshgrid(np.linspace(x[0], x[-1], 60), np.geomspace(0.15, 2.0, 16), indexing="ij")
    prior = -0.5 * ((x[None] - middles.reshape(-1, 1)) / widths.reshape(-1, 1)) ** 2
    prior -= np.log(np.exp(prior).sum(axis=1, keepdims=True))
    whole = np.log(np.maximum(np.exp(likely) @ np.exp(prior).T, 1e-300)).sum(axis=0)
    after = np.exp(likely + prior[int(np.argmax(whole))][None])
    after /= after.sum(axis=1, keepdims=True)
    heaped = after.cumsum(axis=1)
    low, middle, high = (np.exp(_quantile(heaped, x, q)) for q in (0.025, 0.5, 0.975))
    return middle, low, high


@dataclass(frozen=True, eq=False)
class _Near:
    """Half-lives and floors around the best ones, as fine as the data can tell them apart."""

    halves: Floats
    floors: Floats
    logs: tuple[Floats, Floats]

    def of(self, day_sums: Floats, total_sums: Floats) -> Floats:
        """(sets, points): log-likelihoods."""
        return np.asarray(day_sums @ self.logs[0].T - total_sums[:, FROM_DAY + 1 :] @ self.logs[1].T)


def _around(day_sums: Floats, total_sums: Floats, half: float, least: float, days: int) -> _Near:
    """A grid of some ten standard errors to both sides, by the curvature of the likelihood at its top."""

    def logs(x: Floats, f: Floats) -> tuple[Floats, Floats]:
        s = np.log(shape(days, np.exp(x), f)[:, FROM_DAY:])
        return s, np.log(np.exp(s).cumsum(axis=1))

    def value(x: float, f: float) -> float:
        a, b = logs(np.array([x]), np.array([f]))
        return float(day_sums @ a[0] - total_sums[FROM_DAY + 1 :] @ b[0])

    x, f, d = math.log(half), min(max(least, 0.002), 0.95), 1e-3
    top = value(x, f)
    xx = (value(x + d, f) - 2 * top + value(x - d, f)) / d**2
    ff = (value(x, f + d) - 2 * top + value(x, f - d)) / d**2
    xf = (value(x + d, f + d) - value(x + d, f - d) - value(x - d, f + d) + value(x - d, f - d)) / (4 * d**2)
    spread_of = xx * ff - xf**2
    wide_x, wide_f = 1.0, 0.1
    if xx < 0 and ff < 0 and spread_of > 0:
        wide_x, wide_f = min(math.sqrt(-ff / spread_of), 1.0), min(math.sqrt(-xx / spread_of), 0.1)
    steps = np.concatenate([np.linspace(-10, -4, 7)[:-1], np.linspace(-4, 4, 41), np.linspace(4, 10, 7)[1:]])
    xs = np.unique(np.clip(x + steps * wide_x, math.log(_HALF[0]), math.log(_HALF[-1])))
    fs = np.unique(np.clip(least + steps * wide_f, 0.0, _FLOOR[-1]))
    halves, floors = (v.ravel() for v in np.meshgrid(xs, fs, indexing="ij"))
    return _Near(np.exp(halves), floors, logs(halves, floors))


def _ends(halves: Floats, floors: Floats, tail: float) -> tuple[float, float, float, float]:
    low, high, floor_low, floor_high = (float(np.quantile(v, q)) for v in (halves, floors) for q in (tail, 1 - tail))
    return low, high, floor_low, floor_high


class _Likelihood:
    """Log-likelihoods over the grids, for many sets of sums at once: matrix products."""

    def __init__(self, days: int) -> None:
        self.days = days
        grid = np.log(shape(days, np.repeat(_HALF, len(_FLOOR)), np.tile(_FLOOR, len(_HALF)))[:, FROM_DAY:])
        slopes = _SLOPE[:, None] * (np.arange(FROM_DAY, days) / max(days - 1, 1))[None]
        self._grid, self._slopes = ((logs, np.log(np.exp(logs).cumsum(axis=1))) for logs in (grid, slopes))

    def of_grid(self, day_sums: Floats, total_sums: Floats) -> Floats:
        """(sets, half-lives x floors)."""
        return self._of(self._grid, day_sums, total_sums)

    def of_slopes(self, day_sums: Floats, total_sums: Floats) -> Floats:
        """(sets, slopes): of a plain exponential that may rise as well."""
        return self._of(self._slopes, day_sums, total_sums)

    @staticmethod
    def _of(logs: tuple[Floats, Floats], day_sums: Floats, total_sums: Floats) -> Floats:
        return np.asarray(day_sums @ logs[0].T - total_sums[:, FROM_DAY + 1 :] @ logs[1].T)


@lru_cache(maxsize=8)
def _likelihood(days: int) -> _Likelihood:
    return _Likelihood(days)


def _best(day_sums: Floats, total_sums: Floats, likely: _Likelihood) -> tuple[float, float]:
    """The most likely half-life and floor: the best of the grid, then between its points."""
    from scipy.optimize import minimize

    best = int(np.argmax(likely.of_grid(day_sums[None], total_sums[None])[0]))
    start = (math.log(_HALF[best // len(_FLOOR)]), float(_FLOOR[best % len(_FLOOR)]))

    def cost(point: Floats) -> float:
        logs = np.log(shape(likely.days, math.exp(point[0]), point[1])[FROM_DAY:])
        reach = np.log(np.exp(logs).cumsum())
        return float(total_sums[FROM_DAY + 1 :] @ reach - day_sums @ logs)

    bounds = [(math.log(_HALF[0]), math.log(_HALF[-1])), (0.0, float(_FLOOR[-1]))]
    found = minimize(cost, start, method="L-BFGS-B", bounds=bounds)
    half, least = found.x if found.fun <= cost(np.array(start)) else start
    return float(math.exp(half)), float(least)


def _halved(half: float, least: float) -> float | None:
    return None if least >= 0.5 else half * math.log2((1 - least) / (0.5 - least))


def _quantile(heaped: Floats, x: Floats, share: float) -> Floats:
    """Where each row's heaped shares pass `share`, between the points of `x`."""
    place = np.minimum((heaped < share).sum(axis=1), len(x) - 1)
    rows = np.arange(len(heaped))
    before = np.where(place > 0, heaped[rows, np.maximum(place - 1, 0)], 0.0)
    width = np.maximum(heaped[rows, place] - before, 1e-12)
    left = x[np.maximum(place - 1, 0)]
    return np.asarray(left + (x[place] - left) * np.clip((share - before) / width, 0, 1))
