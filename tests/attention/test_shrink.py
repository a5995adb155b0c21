"""Shrinkage: under the null next to nothing is called, intervals cover, false calls stay below their bound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import beta

from core.attention import shrink, usual_rate

Floats = npt.NDArray[np.float64]
THINGS, SHOPS = 800, 12


def _viewers(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.maximum(1, rng.lognormal(4, 1.2, THINGS)).astype(np.int64)


def _apart(rng: np.random.Generator, spread: str) -> Floats:
    match spread:
        case "alike":
            return np.full(THINGS, 0.2)
        case "beta":
            return rng.beta(4, 16, THINGS)
        case _:
            odd = rng.random(THINGS)
            return np.where(odd < 0.02, 0.02, np.where(odd < 0.04, 0.6, 0.2))


def test_when_all_are_alike_next_to_nothing_is_called() -> None:
    rng, called = np.random.default_rng(11), []
    for _ in range(SHOPS):
        n = _viewers(rng)
        k = rng.binomial(n, 0.2)
        found = shrink(k, n, usual_rate(k, n))
        called.append((found.side != 0).mean())
        assert found.weights[0] > 0.9, "it learns that they are alike"
    assert np.mean(called) < 0.001, "each by a 95 % interval of its own would be called in 5 of 100"


@pytest.mark.parametrize("spread", ["alike", "beta", "few odd"])
def test_intervals_cover_and_false_calls_are_few(spread: str) -> None:
    rng, covered, false, calls, caught, odd = np.random.default_rng(12), [], 0, 0, 0, 0
    for _ in range(SHOPS):
        rate, n = _apart(rng, spread), _viewers(rng)
        k = rng.binomial(n, rate)
        found = shrink(k, n, usual_rate(k, n))
        covered.append(((found.low <= rate) & (rate <= found.high)).mean())
        wrong = ((found.side < 0) & (rate >= 0.2)) | ((found.side > 0) & (rate <= 0.2))
        false, calls = false + int(wrong.sum()), calls + int((found.side != 0).sum())
        strange = (np.abs(rate - 0.2) > 0.1) & (n >= 60)
        odd, caught = odd + int(strange.sum()), caught + int((strange & (found.side != 0)).sum())
        assert found.expected_wrong <= 0.05
    assert np.mean(covered) >= 0.94
    assert false <= 0.05 * max(calls, 1)
    if spread != "alike":
        assert caught >= 0.8 * odd > 0


def test_small_ones_do_not_shine_by_luck() -> None:
    n = np.array([3, 300] + [100] * 200)
    k = np.array([3, 240] + [20] * 200)
    found = shrink(k, n, 0.2)
    assert found.side.tolist()[:2] == [0, 1], "3 of 3 is luck, 240 of 300 is not"
    assert found.rate[0] < 0.75 < found.rate[1] < 0.81
    assert found.side[2:].tolist() == [0] * 200


def test_a_margin_asks_for_more() -> None:
    n = np.full(300, 4000)
    k = np.concatenate([np.full(290, 800), np.full(5, 600), np.full(5, 200)])
    assert (shrink(k, n, 0.2).side != 0).sum() == 10
    assert (shrink(k, n, 0.2, margin=0.5).side != 0).sum() == 5


def test_few_things_are_judged_by_their_own_numbers() -> None:
    found = shrink([90, 10, 0], [100, 100, 0], 0.5)
    assert found.weights == ()
    assert found.side.tolist() == [1, -1, 0]
    # Jeffreys: Beta(90.5, 10.5)
    assert [found.low[0], found.high[0]] == pytest.approx(beta.ppf([0.025, 0.975], 90.5, 10.5), abs=1e-6)
    assert np.isnan(found.rate[2])


def test_the_usual_rate() -> None:
    assert usual_rate([2, 3], [10, 15]) == pytest.approx(0.2)
    assert np.isnan(usual_rate([0], [0]))
    # one giant does not set what is usual where things differ
    k, n = np.array([9000] + [1, 2, 3, 1, 2, 3] * 20), np.array([10000] + [10] * 120)
    assert usual_rate(k, n) < 0.25 < k.sum() / n.sum()
