"""Intervals and p values against SciPy, against exact laws, and by simulated coverage."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.evaluate.bootstrap import DRAWS, enough, holm, measured, paired, resampled_means


def test_the_interval_agrees_with_scipy() -> None:
    """The same law, other draws: with 20,000 resamples the ends agree to a fiftieth of the interval's width."""
    values = np.random.default_rng(5).gamma(0.5, size=(400, 1)) * (np.random.default_rng(6).random((400, 1)) < 0.3)
    ours = measured(values, resampled_means(values, 20_000, seed=1))[0]
    theirs = stats.bootstrap(
        (values[:, 0],), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert ours.value == values.mean()
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=width / 50)
    assert ours.high == pytest.approx(theirs.high, abs=width / 50)


def test_paired_differences_agree_with_scipy() -> None:
    rng = np.random.default_rng(3)
    a = rng.random(300) * (rng.random(300) < 0.4)
    b = np.clip(a + rng.normal(0.02, 0.2, 300), 0, 1)
    values = np.stack([a, b], axis=1)
    ours, p = paired(values, resampled_means(values, 20_000), 0, 1)
    theirs = stats.bootstrap(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(4),
    )
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=width / 50)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=width / 50)
    drawn = theirs.bootstrap_distribution
    expected = 2 * min((drawn <= 0).mean(), (drawn >= 0).mean())
    assert p == pytest.approx(expected, abs=0.02)
    assert p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.03)  # a second road, by another theory


def test_a_resample_is_drawn_with_replacement_from_all_users() -> None:
    """One user of n = 4 is 1, the others 0: a mean of j / 4 has the probability of Binomial(4, 1/4) at j."""
    drawn = resampled_means(np.array([[0.0], [1.0], [0.0], [0.0]]), 40_000, seed=8)[:, 0]
    counts = np.bincount((drawn * 4).round().astype(int), minlength=5)
    expected = np.asarray(stats.binom.pmf(np.arange(5), 4, 0.25)) * 40_000
    assert stats.chisquare(counts, expected).pvalue > 0.001


def test_users_drawn_in_groups_follow_the_same_law() -> None:
    """More users than fit one group: mean and spread of the resampled mean are those of theory (s / sqrt n)."""
    values = np.random.default_rng(1).random((20_000, 1)) * (np.arange(20_000) % 4 > 0)[:, None]
    drawn = resampled_means(values, 4000)[:, 0]
    expected = values.std() / np.sqrt(len(values))
    assert drawn.std() == pytest.approx(expected, rel=0.05)
    assert drawn.mean() == pytest.approx(values.mean(), abs=4 * expected / np.sqrt(4000))


@pytest.mark.prove
def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """300 samples of 150 users from a law with mean 0.12: 95 % intervals should hold 0.12 in 285; 3.5 sd = 13."""
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(300):
        values = (rng.random((150, 1)) < 0.3) * rng.beta(2, 3, size=(150, 1))  # mean 0.3 x 0.4
        found = measured(values, resampled_means(values, 500, seed=seed))[0]
        held += found.low <= 0.12 <= found.high
    assert 285 - 13 <= held <= 285 + 13


@pytest.mark.prove
def test_two_equal_models_differ_as_often_as_they_may() -> None:
    """300 comparisons of two models drawn alike: p < 0.05 in about 15 of them; 4 sd = 15."""
    rng = np.random.default_rng(12)
    alarms = 0
    for seed in range(300):
        values = rng.random((200, 2)) * (rng.random((200, 2)) < 0.3)
        alarms += paired(values, resampled_means(values, 500, seed=seed), 0, 1)[1] < 0.05
    assert alarms <= 30
    assert alarms >= 3, "a test that never finds anything is none"


@given(st.integers(2, 40), st.integers(0, 5))
def test_neither_order_of_users_nor_other_models_change_the_draws(n: int, seed: int) -> None:
    """Shuffled users give the same means to the bit; a copy of a column has the copy's means."""
    rng = np.random.default_rng(n)
    values = np.round(rng.random((n, 3)), 2)
    values[:, 2] = values[:, 0]
    found = resampled_means(values, 50, seed=seed)
    np.testing.assert_array_equal(found, resampled_means(values[rng.permutation(n)], 50, seed=seed))
    np.testing.assert_allclose(found[:, 0], found[:, 2], rtol=1e-15)


def test_the_same_lists_are_no_difference() -> None:
    values = np.tile(np.random.default_rng(0).random((50, 1)), 2)
    found, p = paired(values, resampled_means(values, DRAWS), 0, 1)
    assert (found.value, found.low, found.high, p) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(("users", "least"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 0.0625)])
def test_a_handful_of_users_proves_nothing_however_clear_they_are(users: int, least: float) -> None:
    """All of 3 users better served by a: chance alone does that once in 4 (signs), though every resample says a."""
    values = np.array([[1.0, 0.0]] * users)
    assert paired(values, resampled_means(values, DRAWS), 0, 1)[1] == least


def test_p_is_the_same_seen_from_either_side_and_falls_with_the_difference() -> None:
    rng = np.random.default_rng(9)
    base = rng.random(200) * 0.3
    p = []
    for shift in (0.0, 0.02, 0.05, 0.2):
        values = np.stack([base + shift, rng.permutation(base)], axis=1)
        drawn = resampled_means(values, DRAWS)
        p.append(paired(values, drawn, 0, 1)[1])
        assert p[-1] == paired(values, drawn, 1, 0)[1]
        forth, back = paired(values, drawn, 0, 1)[0], paired(values, drawn, 1, 0)[0]
        assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))
    assert p == sorted(p, reverse=True)
    assert p[-1] == 2 / (DRAWS + 1)


def test_nothing_right_anywhere_is_zero_and_sure_of_it() -> None:
    values = np.zeros((30, 4))
    assert {(m.value, m.low, m.high) for m in measured(values, resampled_means(values, 100))} == {(0.0, 0.0, 0.0)}


def literal_holm(p: list[float], level: float) -> set[int]:
    """Holm's own procedure: go from the smallest p upwards while p <= level / (comparisons not yet rejected)."""
    rejected: set[int] = set()
    for place in sorted(range(len(p)), key=lambda i: p[i]):
        if p[place] > level / (len(p) - len(rejected)):
            break
        rejected.add(place)
    return rejected


@given(st.lists(st.integers(1, 999).map(lambda n: n / 1000), min_size=1, max_size=12), st.sampled_from([0.01, 0.05]))
def test_holm_rejects_what_his_procedure_rejects(p: list[float], level: float) -> None:
    corrected = holm(p)
    assert {i for i, c in enumerate(corrected) if c <= level * (1 + 1e-12)} == literal_holm(p, level * (1 + 1e-12))


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_holm_only_raises_keeps_the_order_and_ends_at_one(p: list[float]) -> None:
    corrected = holm(p)
    assert all(a <= b <= 1 for a, b in zip(p, corrected, strict=True))
    for i, j in itertools.combinations(range(len(p)), 2):
        if p[i] <= p[j]:
            assert corrected[i] <= corrected[j]


def test_holm_on_a_worked_example() -> None:
    """P = 0.01, 0.04, 0.03, 0.005, sorted 0.005 x 4 = 0.02; 0.01 x 3 = 0.03; 0.03 x 2 = 0.06; 0.04 x 1, raised to 0.06.

    The example of the article "Holm-Bonferroni method": at 0.05 the first two are rejected, the others not.
    """
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_there_are_resamples_enough_for_many_models() -> None:
    """With 12 models the smallest p that can come, corrected, must still be below 0.05."""
    pairs = 12 * 11 // 2
    assert 2 / (enough(pairs) + 1) * pairs < 0.05
