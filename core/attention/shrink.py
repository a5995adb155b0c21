"""Rates of many small things, told apart from luck: empirical Bayes with a bound on the share of false calls.

Every thing has `k` successes of `n`, and a usual rate m to be held against. Its own rate is drawn from a mixture of
Beta distributions, all with mean m and with relative spreads from 5 % (practically as usual) to 130 % (anything goes);
how much of each there is, is learned from all things at once by maximum likelihood (EM). So a shop where all items are
alike learns that they are, and calls nothing; one with a few odd ones tells these apart without doubting the rest.
After Stephens, "False discovery rates: a new deal", Biostatistics 18 (2017); Kleinman, JASA 68 (1973), for the means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.behaviour import spread

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SPREADS = (0.05, 0.1, 0.16, 0.25, 0.4, 0.6, 0.9, 1.3)
"""Standard deviations of things' own rates around the usual one, as parts of it. The first is as good as none."""

FEW = 8
"""Fewer things than this teach nothing about how things differ: each is then judged by its own numbers."""

FALSE_CALLS = 0.05
_AS_USUAL = 10.0  # things that are counted as usual beforehand: with little to go by, nothing is called (Stephens)
_SMALLEST = 0.2  # of a Beta's two parameters together: below, all its weight is at 0 and 1
_ROUNDS, _TURNS = 400, 60


@dataclass(frozen=True, eq=False)
class Shrunk:
    """Arrays with one entry for each thing; NaN where n is 0.

    Attributes:
        rate: the mean of what its rate may be, drawn towards the usual one the more the fewer its numbers.
        low, high: 95 % credible interval of its rate.
        wrong: the chance that it is not truly off the usual rate, by more than the margin, on the side where `rate` is
            (practically as usual counts as wrong too).
        side: -1 called below the usual rate, 1 above, 0 not called.
        weights: the share of things with each of SPREADS; () with fewer than FEW things.
    """

    rate: Floats
    low: Floats
    high: Floats
    wrong: Floats
    side: Ints
    weights: tuple[float, ...]

    @property
    def expected_wrong(self) -> float:
        """The share of calls that are expected to be wrong; 0 without any."""
        called = self.side != 0
        return float(self.wrong[called].mean()) if called.any() else 0.0


def usual_rate(k: npt.ArrayLike, n: npt.ArrayLike) -> float:
    """The mean rate of things: each weighs by its n, but ever less the more things differ beyond chance.

    One thing with very many trials thus does not set what is usual. NaN without any trial.
    """
    successes, trials = _arrays(k, n)
    there = trials > 0
    successes, trials = successes[there], trials[there]
    if not trials.size:
        return float("nan")
    rates, apart, mean = successes / trials, 0.0, 0.0
    for _ in range(50):
        weight = trials / (1 + (trials - 1) * apart)
        share = weight / weight.sum()
        mean = float((share * rates).sum())
        chance = mean * (1 - mean)
        if chance <= 0 or trials.size < 2:
            break
        seen = float((share * (rates - mean) ** 2).sum())
        alone = float((share * (1 - share) / trials).sum())
        spare = float((share * (1 - share)).sum())
        new = float(np.clip((seen / chance - alone) / max(spare - alone, 1e-12), 0, 0.99))
        if abs(new - apart) < 1e-9:
            break
        apart = new
    return mean


def shrink(k: npt.ArrayLike, n: npt.ArrayLike, usual: npt.ArrayLike, margin: float = 0.0) -> Shrunk:
    """What can be said of each thing's rate, given `k` of `n` and the rate that is usual for it (0 < usual < 1).

    A thing is called only where its interval lies wholly on one side of the usual rate, by more than `margin` (0.25 =
    a quarter of it), and then only so many, the surest first, that of all calls at most 5 % are expected to be wrong.
    """
    successes, trials = _arrays(k, n)
    means = np.broadcast_to(np.asarray(usual, dtype=np.float64), successes.shape)
    made = {name: np.full(successes.shape, np.nan) for name in ("rate", "low", "high", "wrong")}
    there = (trials > 0) & (means > 0) & (means < 1)
    if not there.any():
        return Shrunk(**made, side=np.zeros(successes.shape, dtype=np.int64), weights=())
    rows, back, times = np.unique(
        np.column_stack([successes, trials, means])[there], axis=0, return_inverse=True, return_counts=True
    )
    back = back.ravel()
    few = int(there.sum()) < FEW
    a0, b0 = _priors(rows[:, 2], few)
    likely = _likelihood(rows[:, 0], rows[:, 1], a0, b0)
    weights = np.ones(1) if few else _learned(likely, times)
    kept = weights > 1e-5
    belongs = weights[kept] * likely[:, kept]
    belongs /= belongs.sum(axis=1, keepdims=True)
    a, b = a0[:, kept] + rows[:, :1], b0[:, kept] + (rows[:, 1] - rows[:, 0])[:, None]
    tight = np.zeros(kept.sum()) if few else (np.flatnonzero(kept) == 0).astype(float)
    found = _posterior(a, b, belongs, rows[:, 2], tight, margin)
    for name, values in found.items():
        made[name][there] = values[back]
    side = _called(**made, usual=means, margin=margin)
    return Shrunk(**made, side=side, weights=() if few else tuple(float(w) for w in weights))


def _arrays(k: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)


def _priors(mean: Floats, few: bool) -> tuple[Floats, Floats]:
    """The two parameters of each thing's Betas, (things, spreads); with few things that of Jeffreys alone."""
    if few:
        half = np.full((mean.size, 1), 0.5)
        return half, half
    m = mean[:, None]
    size = np.maximum((1 - m) / (m * np.array(SPREADS) ** 2) - 1, _SMALLEST)
    return m * size, (1 - m) * size


def _likelihood(k: Floats, n: Floats, a: Floats, b: Floats) -> Floats:
    """How likely each thing's numbers are under each of its Betas, up to a factor of the thing."""
    from scipy.special import betaln

    log = betaln(a + k[:, None], b + (n - k)[:, None]) - betaln(a, b)
    likely: Floats = np.exp(log - log.max(axis=1, keepdims=True))
    return likely


def _learned(likely: Floats, times: Ints) -> Floats:
    """The share of things with each spread, by EM."""
    extra = np.zeros(likely.shape[1])
    extra[0] = _AS_USUAL
    weights = np.full(likely.shape[1], 1 / likely.shape[1])
    for _ in range(_ROUNDS):
        belongs = likely * weights
        belongs /= belongs.sum(axis=1, keepdims=True)
        new: Floats = np.asarray(times @ belongs + extra, dtype=np.float64)
        new /= new.sum()
        if np.abs(new - weights).max() < 1e-6:
            return new
        weights = new
    return weights


def _posterior(a: Floats, b: Floats, belongs: Floats, mean: Floats, tight: Floats, margin: float) -> dict[str, Floats]:
    from scipy.special import betainc

    rate = (belongs * a / (a + b)).sum(axis=1)
    is_below = rate < mean
    edge = np.where(is_below, mean * (1 - margin), np.minimum(mean * (1 + margin), 1.0))
    below = betainc(a, b, edge[:, None])
    wrong = (belongs * np.maximum(np.where(is_below[:, None], 1 - below, below), tight)).sum(axis=1)
    low, high = spread(lambda share: _quantile(a, b, belongs, share), (0.025, 0.975))
    return {"rate": rate, "low": low, "high": high, "wrong": wrong}


def _quantile(a: Floats, b: Floats, belongs: Floats, share: float) -> Floats:
    """Where each mixture has `share` below, by Newton's steps kept between bounds that close in."""
    from scipy.special import betainc, betaln, ndtri

    low, high = np.zeros(a.shape[0]), np.ones(a.shape[0])
    means = a / (a + b)
    mean = (belongs * means).sum(axis=1)
    apart = (belongs * (means * (1 - means) / (a + b + 1) + (means - mean[:, None]) ** 2)).sum(axis=1)
    # begun where a normal distribution has it, which halves the steps
    x: Floats = np.clip(mean + ndtri(share) * np.sqrt(apart), mean / 20, 1 - (1 - mean) / 20)
    x = np.clip(x, 1e-9, 1 - 1e-9)
    todo = np.arange(a.shape[0])
    for _ in range(_TURNS):
        p, q, w, at = a[todo], b[todo], belongs[todo], x[todo][:, None]
        off = (w * betainc(p, q, at)).sum(axis=1) - share
        high[todo] = np.where(off > 0, x[todo], high[todo])
        low[todo] = np.where(off > 0, low[todo], x[todo])
        dense = (w * np.exp((p - 1) * np.log(at) + (q - 1) * np.log1p(-at) - betaln(p, q))).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = x[todo] - off / dense
        inside = (new > low[todo]) & (new < high[todo])
        new = np.where(inside, new, (low[todo] + high[todo]) / 2)
        moved = np.abs(new - x[todo])
        x[todo] = new
        todo = todo[(moved > 1e-7 * np.maximum(new, 1e-6)) & (np.abs(off) > 1e-9)]
        if not todo.size:
            break
    return x


def _called(rate: Floats, low: Floats, high: Floats, wrong: Floats, usual: Floats, margin: float) -> Ints:
    side = np.where(high < usual * (1 - margin), -1, np.where(low > usual * (1 + margin), 1, 0))
    order = np.argsort(np.where(side != 0, wrong, np.inf), kind="stable")
    many = int((side != 0).sum())
    so_far = np.cumsum(wrong[order[:many]]) / np.arange(1, many + 1)
    sure = int(np.searchsorted(so_far, FALSE_CALLS, side="right"))  # running means of ascending chances ascend too
    made = np.zeros(side.shape, dtype=np.int64)
    made[order[:sure]] = side[order[:sure]]
    return made
