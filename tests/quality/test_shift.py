"""How far two samples lie apart, against NumPy by hand and against chance."""

from __future__ import annotations

import numpy as np
import pytest

from core.quality.shift import apart, deciles, hour_shift, standardised, unit_change


def test_index_by_hand() -> None:
    before, now = np.array([50.0, 30, 20, 0]), np.array([40.0, 30, 20, 10])
    p, q = (before + 0.5) / 102, (now + 0.5) / 102
    assert apart(before, now, 100, 100).psi == pytest.approx(float(np.sum((q - p) * np.log(q / p))))


def test_samples_of_one_population_are_seldom_told_apart() -> None:
    rng = np.random.default_rng(1)
    told, over = 0, 0
    for _ in range(4000):
        p = rng.dirichlet(np.ones(rng.integers(2, 12)) * 5)
        n, m = rng.integers(40, 5000, 2)
        found = apart(rng.multinomial(n, p).astype(float), rng.multinomial(m, p).astype(float), n, m)
        told += found.level > 0
        over += found.psi > found.noise
    assert over / 4000 < 0.004
    assert told / 4000 < 0.002


@pytest.mark.parametrize("users", [30, 300, 30_000])
def test_many_events_of_few_users_are_no_proof(users: int) -> None:
    """Each user has one device for all of a hundred events: the shares waver as those of users do."""
    rng = np.random.default_rng(2)
    told = 0
    for _ in range(500):
        a, b = (rng.multinomial(users, [0.5, 0.3, 0.2]).astype(np.float64) * 100 for _ in range(2))
        told += apart(a, b, users, users).level > 0
    assert told / 500 < 0.01


def test_levels() -> None:
    even, slight, much = np.array([500.0, 500]), np.array([330.0, 670]), np.array([200.0, 800])
    assert [apart(even, one, 1000, 1000).level for one in (even, slight, much)] == [0, 1, 2]
    assert apart(even / 50, slight / 50, 20, 20).level == 0  # the same shares of twenty users


def test_a_mix_of_words_is_no_change() -> None:
    before = np.array([[90.0, 10], [20, 80]])
    now = np.array([[9.0, 1], [200, 800]])
    old, new = standardised(before, now)
    np.testing.assert_allclose(old / old.sum(), new / new.sum())
    old, new = standardised(np.array([[1.0, 1], [0, 0]]), np.array([[0.0, 0], [1, 1]]))
    assert old.sum() == new.sum() == 0


def test_tenths_give_frequent_values_a_part_of_their_own() -> None:
    rng = np.random.default_rng(4)
    smooth = rng.normal(size=10_000)
    old, _ = deciles(smooth, smooth)
    np.testing.assert_allclose(old, 1000, atol=1)
    counts = rng.choice([1.0, 2, 3], 1000, p=[0.8, 0.15, 0.05])
    old, new = deciles(counts, np.full(100, 2.0))
    assert sorted(old[old > 0].tolist()) == sorted(np.unique(counts, return_counts=True)[1].tolist())
    assert (new > 0).sum() == 1


def test_units() -> None:
    rng = np.random.default_rng(5)
    pounds = rng.lognormal(2, 1, 2000)
    assert unit_change(pounds, rng.lognormal(2, 1, 900) * 100) == 100
    assert unit_change(pounds, rng.lognormal(2, 1, 900) / 1000) == pytest.approx(1 / 1000)
    assert unit_change(pounds, rng.lognormal(2, 1, 900) * 1.3) is None
    assert unit_change(pounds, rng.lognormal(2 + np.log(30), 1, 900)) is None
    assert unit_change(pounds[:10], pounds[:10] * 100) is None


@pytest.mark.parametrize("by", [-8, -1, 0, 5, 12])
def test_hours(by: int) -> None:
    rng = np.random.default_rng(6)
    day = 1 + 10 * np.exp(-((np.arange(24) - 14) ** 2) / 18) + 4 * np.exp(-((np.arange(24) - 20) ** 2) / 3)
    before, now = rng.poisson(day * 500).astype(float), rng.poisson(np.roll(day, by) * 80).astype(float)
    found, away, left = hour_shift(before, now)
    assert found == by
    assert left < 0.05
    assert (away > 0.06) == (by != 0)
