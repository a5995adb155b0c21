"""BG/NBD: the published example, the likelihood by hand, formulas against futures played event by event, recovery."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import beta as beta_of

from core.predict.lifetime.bgnbd import (
    Rates,
    RatesLikelihood,
    alive,
    buys_if_alive,
    purchases,
    purchases_if_alive,
    purchases_of_new,
)
from core.predict.lifetime.fit import RatesFit, fit, fit_values
from core.predict.lifetime.orders import Buyers, OrderDays, bought_between, buyers, number_of
from core.predict.lifetime.spec import ValueSpec
from core.predict.lifetime.value import value_of
from tests.predict.lives import order_days_of, played

PAPER = Rates(0.243, 4.414, 0.793, 2.426)
"""Fader, Hardie and Lee 2005, table 2."""


def of_cdnow(path: Path) -> OrderDays:
    frame = pd.read_csv(path, sep=r"\s+", header=None, names=["master", "user", "day", "units", "value"])
    days = pd.to_datetime(frame["day"].astype(str)).dt.date.map(number_of)
    grouped = frame.assign(day=days).groupby(["user", "day"], as_index=False)["value"].sum()
    none = np.array([], dtype=np.int64)
    return OrderDays(
        grouped["user"].to_numpy(dtype=np.int32), grouped["day"].to_numpy(dtype=np.int64), grouped["value"].to_numpy(),
        True, none, none.astype(np.float64), int(grouped["day"].max()),
    )  # fmt: skip


def test_the_published_example(cdnow: Path) -> None:
    days = of_cdnow(cdnow)
    cut = number_of(pd.Timestamp("1997-09-30").date())
    who = buyers(days.until(cut))
    assert (len(who), int((who.x > 0).sum())) == (2357, 946)
    found = fit(who, 7.0)
    assert isinstance(found, RatesFit)
    assert found.top.reached
    for name, published in vars(PAPER).items():
        assert getattr(found.rates, name) == pytest.approx(published, rel=0.002), name
    assert found.loglik == pytest.approx(-9582.4, abs=0.05)
    spend = fit_values(who)
    assert not isinstance(spend, str)
    assert list(vars(spend.spend).values()) == pytest.approx([6.25, 3.74, 15.44], rel=0.002)  # Fader and Hardie 2013
    came, _ = bought_between(days, who, cut, days.last)
    told = value_of(days.until(cut), ValueSpec("week", 39, draws=0)).expected
    assert told is not None
    assert (int(came.sum()), round(told.expected)) == (1882, 1653)


def test_the_likelihood_of_three_customers() -> None:
    x, last, age = np.array([0, 2, 5]), np.array([0.0, 30.43, 20.0]), np.array([38.86, 38.86, 31.0])
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426

    def density(n: int, t: float, until: float) -> float:
        """Equation 6, by integrating over p and lambda one after the other: Gamma moments are (r)_n / alpha^n."""
        rising = np.prod([r + k for k in range(n)]) * alpha**r
        kept = np.prod([(b + k) / (a + b + k) for k in range(n)])
        stopped = a / (a + b + n - 1) * np.prod([(b + k) / (a + b + k) for k in range(n - 1)]) if n else 0.0
        return float(rising * (kept * (alpha + until) ** -(r + n) + stopped * (alpha + t) ** -(r + n)))

    found = RatesLikelihood(x, last, age).rows(PAPER)
    by_hand = [np.log(density(int(n), t, until)) for n, t, until in zip(x, last, age, strict=True)]
    np.testing.assert_allclose(found, by_hand, rtol=1e-12)
    # ... and the slope is that of the values
    likelihood, weights, theta = RatesLikelihood(x, last, age), np.array([3.0, 1.0, 2.0]), np.log([r, alpha, a, b])
    assert likelihood.mean(theta, weights)[0] == pytest.approx(float(weights @ found) / 6, rel=1e-12)
    for k in range(4):
        by = np.eye(4)[k] * 1e-6
        slope = (likelihood.mean(theta + by, weights)[0] - likelihood.mean(theta - by, weights)[0]) / 2e-6
        assert likelihood.mean(theta, weights)[1][k] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    "at",
    [
        PAPER,
        Rates(0.8, 9.8, 1.0, 0.4),
        Rates(2.0, 3.0, 3.0, 7.0),
        Rates(0.2, 3.0, 0.1, 0.2),
        Rates(30.0, 9.0, 25.0, 60.0),
    ],
)
def test_formulas_against_integration(at: Rates) -> None:
    for x, age, ahead in ((0, 38.0, 39.0), (3, 12.0, 52.0), (40, 52.0, 13.0), (300, 52.0, 52.0)):

        def bought(p: float, x: int = x, age: float = age, ahead: float = ahead) -> float:
            gone = -np.expm1(-(at.r + x) * np.log1p(p * ahead / (at.alpha + age)))
            return float(gone / p * beta_of.pdf(p, at.a, at.b + x))

        middle = at.a / (at.a + at.b + x)
        right = quad(bought, 0, middle, limit=400)[0] + quad(bought, middle, 1, limit=400)[0]
        told = purchases_if_alive(at, np.array([float(x)]), np.array([age]), ahead)[0]
        assert told == pytest.approx(right, rel=5e-5), (x, age, ahead)


def test_formulas_against_lives_played_event_by_event() -> None:
    at, rng = Rates(0.9, 6.0, 0.8, 2.4), np.random.default_rng(3)
    times, stopped = played(rng, at, 60_000, 60.0)
    early = [np.asarray(line)[np.asarray(line) <= 30] for line in times]
    x = np.array([len(line) for line in early])
    last = np.array([line[-1] if len(line) else 0.0 for line in early])
    later = np.array([len(line) for line in times]) - x
    age = np.full(len(x), 30.0)
    told = purchases(at, x, last, age, 30.0)
    for chosen in (x == 0, x == 1, x == 2, (x >= 3) & (last > 25), (x >= 3) & (last < 15)):
        n = int(chosen.sum())
        assert n > 1000
        spread = later[chosen].std() / np.sqrt(n)
        assert told[chosen].mean() == pytest.approx(later[chosen].mean(), abs=4 * spread)
        lives = (stopped > 30)[chosen].mean()
        assert alive(at, x, last, age)[chosen].mean() == pytest.approx(lives, abs=4 * np.sqrt(0.25 / n))
        buys = (alive(at, x, last, age) * buys_if_alive(at, x, age, 30.0))[chosen].mean()
        assert buys == pytest.approx((later[chosen] > 0).mean(), abs=4 * np.sqrt(0.25 / n))
    assert float(purchases_of_new(at, 30.0)) == pytest.approx(x.mean(), abs=4 * x.std() / np.sqrt(len(x)))


def test_parameters_are_found_again() -> None:
    truth = Rates(0.6, 30.0, 0.9, 2.5)  # in days
    who = buyers(order_days_of(np.random.default_rng(11), truth, 12_000, 360))
    found = fit(who, 1.0)
    assert isinstance(found, RatesFit)
    assert found.rates.rate == pytest.approx(truth.rate, rel=0.05)
    assert found.rates.r == pytest.approx(truth.r, rel=0.1)
    assert found.rates.stops == pytest.approx(truth.stops, rel=0.15)
    weeks = fit(who, 7.0)
    assert isinstance(weeks, RatesFit)
    assert weeks.rates.alpha == pytest.approx(found.rates.alpha / 7, rel=1e-4)
    assert weeks.rates.b == pytest.approx(found.rates.b, rel=1e-4)


def test_what_cannot_be_fitted_is_said() -> None:
    def of(x: list[int], recency: list[int]) -> Buyers:
        n = len(x)
        zeros = np.zeros(n, dtype=np.int64)
        numbers = np.arange(n, dtype=np.int32)
        return Buyers(numbers, np.array(x), zeros, np.array(recency), zeros + 100, zeros, zeros.astype(np.float64), 0)

    few = fit(of([1] * 49, [50] * 49), 7.0)
    assert isinstance(few, str)
    assert "49 users" in few
    lone = fit(of([0] * 200 + [1] * 9, [0] * 200 + [50] * 9), 7.0)
    assert isinstance(lone, str)
    assert "9 of 209 buyers" in lone
    none = fit(of([3, 2, 4, 3] * 50, [99, 98, 97, 99] * 50), 7.0)  # all bought just now: nobody is seen to stop
    assert isinstance(none, RatesFit)
    assert "Nothing here shows that anybody stops" in none.notes[0]
