"""Limits of daily series: how often a clean day is called odd, and that odd days are found without moving the level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.quality.series import amounts, closed_weekdays, gaps, limits, running_median, runs

WEEK = np.array([1, 1.05, 1, 1.1, 1.2, 0.7, 0.5])


def mean(level: float, days: int) -> np.ndarray:
    """A level that doubles, with a year's wave and a week."""
    t = np.arange(days)
    return level * np.exp(0.7 * t / days) * WEEK[t % 7] * (1 + 0.25 * np.sin(2 * np.pi * t / 365))


def draw(rng: np.random.Generator, level: np.ndarray, spread: float) -> np.ndarray:
    if spread == 0:
        return rng.poisson(level).astype(float)
    return rng.negative_binomial(1 / spread, 1 / (1 + spread * level)).astype(float)


@pytest.mark.parametrize("spread", [0, *(pytest.param(s, marks=pytest.mark.prove) for s in (0.02, 0.1, 0.5))])
def test_about_one_clean_day_in_a_thousand_is_called_odd(spread: float) -> None:
    rng = np.random.default_rng(7)
    outside = empty = days = 0
    for level in (1, 3, 8, 30, 300, 3000):
        for _ in range(8):
            count = draw(rng, mean(level, 365), spread)
            found = limits(count, np.arange(365) % 7)
            outside += int(((count > found.high) | (count < found.low)).sum())
            empty += int(found.gap.sum())
            days += 365
    # Measured over many more series: 0.3 in 1,000 (Poisson) to 1.2 (very uneven days); see the report of the module.
    assert outside / days < (0.001 if spread < 0.1 else 0.0025)
    assert outside / days > 0.00005  # limits so wide that nothing is ever outside would be of no use
    assert empty / days < 0.001


def test_revenue_of_uneven_baskets_is_seldom_called_odd() -> None:
    rng = np.random.default_rng(8)
    outside = 0
    for _ in range(40):
        orders = draw(rng, mean(40, 365), 0.05).astype(int)
        money = np.array([rng.lognormal(3, 1, n).sum() for n in orders])
        found = amounts(money, np.arange(365) % 7, np.ones(365, bool))
        outside += int(((money > found.high) | (money < found.low)).sum())
    assert outside / (40 * 365) < 0.003


@pytest.mark.parametrize("level, spread", [(30, 0), (300, 0.02), (300, 0.1)])
def test_planted_days_are_found_and_leave_the_limits_as_they_are(level: float, spread: float) -> None:
    rng = np.random.default_rng(3)
    clean = draw(rng, mean(level, 400), spread)
    dirty = clean.copy()
    dirty[[100, 101, 230]] = np.round(mean(level, 400)[[100, 101, 230]] * 5)
    dirty[[150, 300]] = np.round(mean(level, 400)[[150, 300]] * 0.08)
    dirty[200:212] = 0
    before, after = limits(clean, np.arange(400) % 7), limits(dirty, np.arange(400) % 7)
    assert (dirty > after.high)[[100, 101, 230]].all()
    assert (dirty < after.low)[[150, 300]].all()
    assert np.flatnonzero(after.gap).tolist() == list(range(200, 212))
    assert not before.gap.any()
    away = np.abs(np.log(after.expected / before.expected))
    assert np.median(away) < 0.02
    assert away.max() < 0.25  # inside the gap of twelve days, where nothing is known
    assert after.spread == pytest.approx(before.spread, rel=0.35, abs=0.004)


def test_running_median_against_pandas() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=200)
    values[[0, 3, 50, 51, 52, 199]] = np.nan
    ours = running_median(values)
    theirs = pd.Series(values).rolling(29, center=True, min_periods=1).median().to_numpy()
    np.testing.assert_allclose(ours, theirs)


def test_a_closed_weekday_is_a_pattern_and_may_begin_and_end() -> None:
    count = np.full(280, 50.0)
    weekday = np.arange(280) % 7
    count[(weekday == 5) & (np.arange(280) < 140)] = 0  # shut on Saturdays in the first half
    count[60:68] = 0  # a holiday of eight days, with one Saturday in it
    closed = closed_weekdays(count, weekday)
    assert set(weekday[closed]) == {5}
    assert closed[:130][weekday[:130] == 5].all()
    assert not closed[150:].any()
    found = limits(count, weekday)
    assert np.flatnonzero(found.gap).tolist() == list(range(60, 68))
    assert found.expected[closed].max() == 0


def test_a_thin_series_has_no_gap_by_chance_and_a_long_one_is_found() -> None:
    rng = np.random.default_rng(4)
    count = rng.poisson(0.5, 400).astype(float)
    assert not limits(count, np.arange(400) % 7).gap.any()
    count[200:260] = 0
    found = np.flatnonzero(limits(count, np.arange(400) % 7).gap)
    assert set(range(200, 260)) <= set(found.tolist())


def test_what_ends_is_a_gap_and_what_begins_is_none() -> None:
    count = np.concatenate([np.zeros(40), np.full(100, 20.0), np.zeros(50)])
    found = gaps(count, np.ones(190, bool), np.zeros(190, bool), 0.0)
    assert np.flatnonzero(found).tolist() == list(range(140, 190))
    assert runs(found) == [(140, 190)]


@pytest.mark.parametrize("days", [1, 2, 7, 20])
def test_short_and_empty_series(days: int) -> None:
    for count in (np.zeros(days), np.ones(days)):
        found = limits(count, np.arange(days) % 7)
        assert np.isfinite(found.expected).all()
        assert not found.gap.any()
