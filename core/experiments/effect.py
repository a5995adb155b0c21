"""The arithmetic of two groups: difference of rates, difference of means, sample-ratio check.

Plain functions on counts and sums; nothing here knows a workspace. tests/experiments/test_effect.py holds each against
published figures and literal formulas, tests/prove/prove_readout.py shows the interval's coverage.
"""

from __future__ import annotations

from math import sqrt

from core.experiments.types import Arm, Effect

Z95 = 1.959963984540054
"""The normal quantile of 97.5 %."""

SRM_ALARM = 0.001
"""Below this p the groups' sizes do not fit the plan, and results are withheld (Fabijan et al., KDD 2019)."""

FEWEST_BUYERS = 10.0
"""Below this `buyers` in a group, the value per head gets no interval: docs/proofs/readout.md shows it too narrow."""

NO_CONTROL = "Without a control group nothing can be said about what the campaign changed."


def wilson(responses: int, users: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of one rate (Wilson, JASA 1927): the p with |p - r/n| <= z sqrt(p (1 - p) / n).

    >>> tuple(round(limit, 4) for limit in wilson(56, 70))
    (0.6918, 0.877)
    """
    rate = responses / users
    middle = rate + z * z / (2 * users)
    reach = z * sqrt(rate * (1 - rate) / users + z * z / (4 * users * users))
    scale = 1 + z * z / users
    low = 0.0 if responses == 0 else (middle - reach) / scale
    high = 1.0 if responses == users else (middle + reach) / scale
    return low, high


def newcombe(responses_1: int, users_1: int, responses_2: int, users_2: int, z: float = Z95) -> tuple[float, float]:
    """The hybrid score interval of a difference of rates, first less second.

    Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10, without continuity correction: with l, u the Wilson
    limits of each rate, d - sqrt((p1 - l1)^2 + (u2 - p2)^2) to d + sqrt((u1 - p1)^2 + (p2 - l2)^2). His table II, (a):

    >>> tuple(round(limit, 4) for limit in newcombe(56, 70, 48, 80))
    (0.0524, 0.3339)
    """
    rate_1, rate_2 = responses_1 / users_1, responses_2 / users_2
    (low_1, high_1), (low_2, high_2) = wilson(responses_1, users_1, z), wilson(responses_2, users_2, z)
    difference = rate_1 - rate_2
    low = difference - sqrt((rate_1 - low_1) ** 2 + (high_2 - rate_2) ** 2)
    return low, difference + sqrt((high_1 - rate_1) ** 2 + (rate_2 - low_2) ** 2)


def two_proportion_p(responses_1: int, users_1: int, responses_2: int, users_2: int) -> float:
    """Two-sided p of z = (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)), p the rate of both together.

    Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd edition, section 3.1, without correction.
    1 where nobody or everybody responded: then the rates are equal.

    >>> round(two_proportion_p(56, 70, 48, 80), 4)
    0.008
    """
    from scipy.stats import norm

    pooled = (responses_1 + responses_2) / (users_1 + users_2)
    variance = pooled * (1 - pooled) * (1 / users_1 + 1 / users_2)
    if variance <= 0:
        return 1.0
    return float(2 * norm.sf(abs(responses_1 / users_1 - responses_2 / users_2) / sqrt(variance)))


def welch(one: Arm, other: Arm) -> tuple[float, float, float] | None:
    """Difference of mean values with its 95 % interval, variances not taken to be equal; None where it has none.

    Welch, Biometrika 34 (1947): d -+ t(0.975; df) s, s^2 = v1/n1 + v2/n2 with v of n - 1, and Satterthwaite's
    df = s^4 / ((v1/n1)^2 / (n1 - 1) + (v2/n2)^2 / (n2 - 1)). None for an arm of fewer than two users, for arms without
    values, and where all values of each arm are equal.
    """
    from scipy.stats import t

    parts = [_mean_variance(arm) for arm in (one, other)]
    if parts[0] is None or parts[1] is None:
        return None
    (mean_1, square_1), (mean_2, square_2) = parts[0], parts[1]
    error = square_1 + square_2
    if error <= 0:
        return None
    freedom = error**2 / (square_1**2 / (one.users - 1) + square_2**2 / (other.users - 1))
    reach = float(t.ppf(0.975, freedom)) * sqrt(error)
    return mean_1 - mean_2, mean_1 - mean_2 - reach, mean_1 - mean_2 + reach


def buyers(arm: Arm) -> float:
    """How many users a group's value rests on: (sum of values)^2 / sum of squared values; 0 without values.

    Kish's effective number: b where b users spent the same and the others nothing, fewer where some spent far more.

    >>> buyers(Arm("control", 100, 4, 0.04, 4 * 25 / 100, 4 * 25**2 / 100))
    4.0
    """
    if not arm.value or not arm.value_sq:
        return 0.0
    return arm.users * arm.value**2 / arm.value_sq


def srm_p(contacted: int, control: int, holdout: float) -> float | None:
    """How likely groups of such uneven sizes are if each user fell into the control group with chance `holdout`.

    Pearson's chi-square against (1 - holdout, holdout) of all users, one degree of freedom. None where there is nothing
    to check: no users, or no control group was planned.

    >>> round(srm_p(821, 779, 0.5), 4)
    0.2937
    """
    from scipy.stats import chisquare

    users = contacted + control
    if not users or not 0 < holdout < 1:
        return None
    return float(chisquare([contacted, control], [users * (1 - holdout), users * holdout]).pvalue)


def effect(contacted: Arm, control: Arm, *, holdout: float | None = None, problem: str | None = None) -> Effect:
    """Contacted less control, or why there is no such figure.

    Args:
        holdout: planned share of the control group; None = not known, then the sizes are not checked.
        problem: what the caller knows to forbid any estimate (the window has not begun).
    """
    ratio = None if holdout is None else srm_p(contacted.users, control.users, holdout)
    problem = problem or _problem(contacted, control, holdout, ratio)
    if problem:
        return Effect(None, None, None, None, None, None, None, ratio, problem)
    counts = (contacted.responses, contacted.users, control.responses, control.users)
    low, high = newcombe(*counts)
    enough = min(buyers(contacted), buyers(control)) >= FEWEST_BUYERS
    value = welch(contacted, control) if enough else None
    return Effect(
        estimate=contacted.responses / contacted.users - control.responses / control.users,
        low=low,
        high=high,
        p=two_proportion_p(*counts),
        value_estimate=value[0] if value else _plain_difference(contacted, control),
        value_low=value[1] if value else None,
        value_high=value[2] if value else None,
        srm_p=ratio,
    )


def _problem(contacted: Arm, control: Arm, holdout: float | None, ratio: float | None) -> str | None:
    if not control.users:
        return NO_CONTROL
    if not contacted.users:
        return "Nobody was contacted: there is nothing to hold the control group against."
    if ratio is not None and holdout is not None and ratio < SRM_ALARM:
        users = contacted.users + control.users
        return (
            f"The groups are not as planned: {control.users:,} of {users:,} users are in the control group, "
            f"{100 * control.users / users:.1f} % instead of {100 * holdout:.1f} %, which chance alone does not do "
            f"(p {_small(ratio)}). The result is withheld until this is explained: were rows lost, or users moved "
            "between the groups?"
        )
    if not contacted.responses + control.responses:
        return "Nobody in either group responded: there is nothing to compare yet."
    return None


def _small(p: float) -> str:
    return "below 0.0001" if p < 0.0001 else f"= {p:.4f}"


def _mean_variance(arm: Arm) -> tuple[float, float] | None:
    """Mean and squared standard error; None where there is none."""
    if arm.value is None or arm.value_sq is None or arm.users < 2:
        return None
    return arm.value, max(arm.value_sq - arm.value**2, 0.0) / (arm.users - 1)


def _plain_difference(one: Arm, other: Arm) -> float | None:
    return None if one.value is None or other.value is None else one.value - other.value
