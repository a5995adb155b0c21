"""The arithmetic: published figures, literal formulas of the books, and laws."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.experiments import Arm, effect, newcombe, srm_p, two_proportion_p, welch, wilson
from core.experiments.effect import NO_CONTROL, buyers


def arm(name: str, users: int, responses: int, values: np.ndarray | None = None) -> Arm:
    rate = responses / users if users else None
    if values is None:
        return Arm(name, users, responses, rate, None)
    return Arm(name, users, responses, rate, float(values.mean()), float((values**2).mean()))


# Newcombe, Statistics in Medicine 17 (1998), table II, method 10: x1, n1, x2, n2, lower, upper
@pytest.mark.parametrize(
    ("x1", "n1", "x2", "n2", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_newcombes_published_intervals(x1: int, n1: int, x2: int, n2: int, low: float, high: float) -> None:
    assert newcombe(x1, n1, x2, n2) == pytest.approx((low, high), abs=0.00006)


def test_wilson_solves_its_equation_and_is_scipys() -> None:
    for responses, users in ((0, 9), (1, 9), (234, 1200), (38, 300), (9, 9)):
        found = wilson(responses, users)
        scipys = stats.binomtest(responses, users).proportion_ci(method="wilson")
        assert found == pytest.approx((scipys.low, scipys.high), abs=1e-12)
        for limit in found:
            if 0 < limit < 1:
                assert abs(limit - responses / users) == pytest.approx(1.959964 * sqrt(limit * (1 - limit) / users))


def test_the_z_test_is_the_chi_square_of_the_table() -> None:
    table = [[234, 1200 - 234], [38, 300 - 38]]
    assert two_proportion_p(234, 1200, 38, 300) == pytest.approx(
        stats.chi2_contingency(table, correction=False).pvalue, rel=1e-12
    )
    assert two_proportion_p(0, 10, 0, 20) == 1.0
    assert two_proportion_p(10, 10, 20, 20) == 1.0


def test_value_per_head_is_welchs_test_on_the_users() -> None:
    rng = np.random.default_rng(3)
    one = np.where(rng.random(400) < 0.3, rng.gamma(2, 30, 400), 0.0)
    other = np.where(rng.random(90) < 0.2, rng.gamma(2, 20, 90), 0.0)
    found = welch(arm("contacted", 400, 1, one), arm("control", 90, 1, other))
    scipys = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert found == pytest.approx((one.mean() - other.mean(), scipys.low, scipys.high), rel=1e-9)


def test_value_without_an_interval_is_none() -> None:
    flat, single = np.zeros(5), np.ones(1)
    assert welch(arm("contacted", 5, 0, flat), arm("control", 5, 0, flat)) is None
    assert welch(arm("contacted", 5, 0, flat), arm("control", 1, 1, single)) is None
    assert welch(arm("contacted", 5, 0), arm("control", 5, 0, flat)) is None


def test_a_value_that_rests_on_few_buyers_has_no_interval() -> None:
    many = np.r_[np.full(30, 20.0), np.zeros(170)]
    nine, whale = np.r_[np.full(9, 20.0), np.zeros(91)], np.r_[np.full(30, 5.0), [5000.0], np.zeros(69)]
    assert buyers(arm("control", 200, 30, many)) == pytest.approx(30)
    for few in (nine, whale, np.zeros(100)):
        found = effect(arm("contacted", 200, 30, many), arm("control", 100, 9, few))
        assert (found.value_low, found.value_high) == (None, None)
        assert found.value_estimate == pytest.approx(many.mean() - few.mean())
        assert found.estimate is not None
    enough = effect(arm("contacted", 200, 30, many), arm("control", 100, 10, np.r_[np.full(10, 20.0), np.zeros(90)]))
    assert enough.value_low is not None


def test_sample_ratio_by_hand() -> None:
    expected = (821 - 800) ** 2 / 800 + (779 - 800) ** 2 / 800
    assert srm_p(821, 779, 0.5) == pytest.approx(stats.chi2.sf(expected, 1))
    # Fabijan et al. (2019): 821,588 against 815,482 users of a planned 50/50 is a mismatch
    assert (srm_p(821_588, 815_482, 0.5) or 1) < 0.00001
    assert srm_p(1200, 300, 0.2) == 1.0
    assert srm_p(10, 0, 0.0) is None
    assert srm_p(0, 0, 0.5) is None


def test_a_mismatch_withholds_the_result() -> None:
    found = effect(arm("contacted", 1200, 234), arm("control", 200, 38), holdout=0.2)
    assert found.srm_p is not None
    assert found.srm_p < 0.001
    assert (found.estimate, found.low, found.high, found.p, found.value_estimate) == (None,) * 5
    assert found.problem is not None
    assert "200 of 1,400 users are in the control group, 14.3 % instead of 20.0 %" in found.problem
    assert effect(arm("contacted", 1200, 234), arm("control", 200, 38)).estimate is not None, "no plan, no check"


def test_why_there_is_no_figure() -> None:
    assert effect(arm("contacted", 9, 3), arm("control", 0, 0), holdout=0.0).problem == NO_CONTROL
    assert effect(arm("contacted", 9, 3), arm("control", 0, 0), holdout=0.1).problem == NO_CONTROL
    assert "Nobody was contacted" in str(effect(arm("contacted", 0, 0), arm("control", 9, 3)).problem)
    assert "Nobody in either group" in str(effect(arm("contacted", 9, 0), arm("control", 9, 0)).problem)
    given = effect(arm("contacted", 9, 3), arm("control", 9, 3), problem="Not yet.")
    assert (given.problem, given.estimate) == ("Not yet.", None)


users = st.integers(1, 500)


@given(users, users, st.floats(0, 1), st.floats(0, 1))
def test_laws_of_the_interval(n1: int, n2: int, r1: float, r2: float) -> None:
    x1, x2 = round(n1 * r1), round(n2 * r2)
    low, high = newcombe(x1, n1, x2, n2)
    assert -1 - 1e-12 <= low <= x1 / n1 - x2 / n2 <= high <= 1 + 1e-12
    swapped = newcombe(x2, n2, x1, n1)
    assert swapped == pytest.approx((-high, -low), abs=1e-12)
    mirrored = newcombe(n1 - x1, n1, n2 - x2, n2)
    assert mirrored == pytest.approx((-high, -low), abs=1e-9)
    assert 0 <= two_proportion_p(x1, n1, x2, n2) <= 1
